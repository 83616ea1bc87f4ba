// `alexnet prepare` on what scripts/miniature_ilsvrc2012 writes, and what it warns of on the layouts of ImageNet and others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "alexnet/data/dataset.hpp"
#include "alexnet/data/decode.hpp"
#include "alexnet/io/files.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

class PrepareImagenetTest : public testing::Test {
 protected:
  CommandResult prepare(const std::string& source, const std::string& out) {
    return run_alexnet({"prepare", folder_ / source, folder_ / out, "--size", "16"});
  }
  // A picture that tells its class and number by its colour.
  static std::string picture(int c, int i) {
    const auto grey = static_cast<std::uint8_t>(40 * c + i);
    const std::vector<std::uint8_t> bytes = encode_ppm({24, 24, std::vector<std::uint8_t>(24 * 24 * 3, grey)});
    return {bytes.begin(), bytes.end()};
  }
  void pictures(const std::string& where, const std::vector<std::string>& names) {
    for (const std::string& name : names) folder_.write(where + name, picture(0, 0));
  }
  // {grey level: label} of a split with raw pictures.
  std::map<int, int> labels(const std::string& set, const std::string& split) {
    const DatasetManifest manifest = read_manifest(folder_ / set);
    const Shards shards(folder_ / set, manifest, split);
    std::map<int, int> result;
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Shards::Sample sample = shards.sample(i);
      result[sample.data[sample.bytes - 1]] = sample.label;
    }
    return result;
  }
  TemporaryFolder folder_;
};

TEST_F(PrepareImagenetTest, ReadsTheMiniatureInEveryForm) {
  if (run_command({"/usr/bin/python3", "-c", "import scipy.io"}).exit_code != 0) GTEST_SKIP() << "scipy is not installed";
  std::map<int, int> train, val;
  for (int c = 0; c < 5; ++c) {
    for (int i = 0; i < 4; ++i) {
      folder_.write(fmt::format("in/n0000000{}/{}.ppm", c, i), picture(c, i));
      (i < 2 ? train : val)[40 * c + i] = c;
    }
  }
  folder_.write("in/words.txt", "n00000003\ttench, Tinca tinca\n");
  for (const std::string form : {"tars", "folders", "kaggle", "flat-val"}) {
    const CommandResult made = run_command(
        {ALEXNET_SOURCE_DIR "/scripts/miniature_ilsvrc2012", folder_ / "in", folder_ / form, "--form", form, "--val-per-class", "2"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("5 classes, 10 training and 10 validation pictures, " + form));
    const CommandResult result = prepare(form, "set-" + form);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(form == "kaggle" ? "layout kaggle: 5 classes" : "layout ilsvrc2012: 5 classes"));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("warning")));
    EXPECT_EQ(labels("set-" + form, "train"), train) << form;
    EXPECT_EQ(labels("set-" + form, "val"), val) << form;
    EXPECT_EQ(read_manifest(folder_ / ("set-" + form)).classes[3], (ClassInfo{"n00000003", "tench, Tinca tinca"}));
    for (const char* file : {"/train-000000.tar", "/val-000000.tar", "/statistics.safetensors"})
      EXPECT_EQ(read_text_file(folder_ / ("set-" + form + file)), read_text_file(folder_ / ("set-tars" + std::string(file)))) << form;
  }
}

TEST_F(PrepareImagenetTest, WarnsOfWhatItLeavesOut) {
  const auto warned = [&](const std::string& source, const std::vector<std::string>& warnings) {
    const CommandResult result = prepare(source, "set-" + source);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const std::string& words : warnings) EXPECT_THAT(result.err, HasSubstr(words + "\n"));
  };
  pictures("kaggle/CLS-LOC/", {"train/n00000001/1.JPEG", "train/n00000002/1.JPEG", "train/dogs/1.JPEG", "val/a.JPEG", "val/b.JPEG"});
  folder_.write("kaggle/CLS-LOC/train/n00000003/readme.txt", "");
  folder_.write("kaggle/LOC_synset_mapping.txt", "n00000009 elsewhere\n");
  folder_.write("kaggle/LOC_val_solution.csv", "a,n00000001 1\nb,n00000009 1\nc,n00000001 1\n");
  warned("kaggle", {"CLS-LOC/train: no class: no picture in n00000003",
                    "CLS-LOC/train: 1 folders that are not called by a WordNet id such as n01440764: left out",
                    "CLS-LOC/val: 1 pictures of 1 classes that train does not have: left out",
                    "CLS-LOC/val: 2 pictures, 3 labels in " + (folder_ / "kaggle/LOC_val_solution.csv")});
  pictures("tiny/", {"train/n00000001/images/1.JPEG", "train/n00000002/images/1.JPEG", "val/images/1.JPEG", "test/images/1.JPEG"});
  folder_.write("tiny/val/val_annotations.txt", "1.JPEG\tn00000002\t0\n");
  warned("tiny", {"tiny/test: no labels, left out"});
  pictures("list/", {"a.ppm", "b.ppm"});
  folder_.write("list/train.txt", "a.ppm 0\nb.ppm 1\na.ppm 0\n");
  warned("list", {"list/train.txt: 1 lines name a picture a second time: left out"});
  folder_.write("shards/train.tar", tar_member("1.ppm", picture(0, 0)) + tar_member("1.cls", "0") + tar_member("2.ppm", picture(0, 0)) +
                                        tar_member("2.cls", "1") + tar_member("3.ppm", "x") + tar_member("4.cls", "0"));
  warned("shards", {"shards/train.tar: the end mark of a tar is missing: it may have been cut short",
                    "train: 1 pictures without a label (.cls or .json): left out",
                    "1 labels without a picture (.jpg .jpeg .png .webp .ppm): left out"});
}

}  // namespace
}  // namespace alexnet
