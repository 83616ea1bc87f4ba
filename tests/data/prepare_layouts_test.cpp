// The same pictures give the same data set, however they are stored.
#include "data/imagenet_support.hpp"
#include "data/prepare_fixture.hpp"

namespace alexnet {
namespace {

using PrepareLayoutsTest = PrepareTest;

// Shards, their index, the statistics; and of the tables all but the paths of the sources.
std::map<std::string, std::string> stored(const std::string& folder) {
  std::map<std::string, std::string> files = all_files(folder);
  std::erase_if(files, [](const auto& file) { return file.first == "dataset.json"; });
  for (auto& [name, content] : files) {
    if (!name.ends_with(".tsv")) continue;
    std::string kept;
    std::istringstream lines(content);
    for (std::string field; std::getline(lines, field, '\t');) {
      kept += field.substr(field.rfind('/') + 1) + '\t';
    }
    content = kept;
  }
  return files;
}

TEST_F(PrepareLayoutsTest, TarsTreesAndKaggleGiveTheSameShards) {
  const auto write = [&](const std::string& form) {
    const MiniatureImagenet miniature(source_, form + "/");
    if (form == "tars") miniature.write_tars();
    if (form == "kaggle") miniature.write_kaggle();
    if (form == "mixed") miniature.write_val_tar();
    if (form == "folders" || form == "flat" || form == "mixed") {
      miniature.write_train_folder();
      miniature.write_devkit_folder();
    }
    if (form == "folders" || form == "flat") miniature.write_val_folder(form == "folders");
  };
  std::map<std::string, std::string> expected;
  std::vector<ClassInfo> classes;
  for (const std::string form : {"tars", "folders", "flat", "mixed", "kaggle"}) {
    write(form);
    PrepareOptions o = options();
    o.source = source_ / form;
    o.out = out_ / form;
    const DatasetManifest manifest = prepare_dataset(o).manifest;
    EXPECT_EQ(manifest.layout, form == "kaggle" ? "kaggle" : "ilsvrc2012");
    EXPECT_EQ(manifest.splits.at("train").num_samples, 9U);
    EXPECT_EQ(manifest.splits.at("val").num_samples, 6U);
    if (expected.empty()) {
      expected = stored(o.out);
      classes = manifest.classes;
    }
    EXPECT_EQ(manifest.classes, classes) << form;
    EXPECT_EQ(stored(o.out), expected) << form;
  }
}

}  // namespace
}  // namespace alexnet
