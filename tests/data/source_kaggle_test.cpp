// ImageNet as Kaggle packs it.
#include "data/source_imagenet_fixture.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using KaggleTest = ImagenetSourceTest;

TEST_F(KaggleTest, ReadsTheTreeFromAnyOfItsFolders) {
  const MiniatureImagenet below(folder_, "deep/imagenet/");
  below.write_kaggle();
  for (const char* start : {"", "/ILSVRC", "/ILSVRC/Data/", "/ILSVRC/Data/CLS-LOC"}) {
    const auto source = open_source(folder_ / ("deep/imagenet" + std::string(start)), {});
    EXPECT_EQ(source->layout, "kaggle") << start;
    EXPECT_EQ(source->summary, "3 classes, labels of val/ from LOC_val_solution.csv, names from LOC_synset_mapping.txt");
    expect_everything(*source);
  }
  const auto source = open_source(folder_ / "deep/imagenet", {});
  EXPECT_THAT(paths(*source, "val"), Each(StartsWith("ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_")));
}

TEST_F(KaggleTest, LeavesOutTest) {
  miniature_.write_kaggle();
  miniature_.write("ILSVRC/Data/CLS-LOC/test/ILSVRC2012_test_00000001.JPEG", MiniatureImagenet::picture(0, 1));
  const auto source = open();
  EXPECT_THAT(source->summary, testing::EndsWith("; test/ has no labels: left out"));
  expect_everything(*source);
}

TEST_F(KaggleTest, ValMayBeMissingOrSorted) {
  miniature_.write_kaggle();
  remove("ILSVRC/Data/CLS-LOC/val");
  EXPECT_EQ(open()->splits.size(), 1U);
  remove("LOC_val_solution.csv");
  miniature_.write_val_folder(true, "ILSVRC/Data/CLS-LOC/");
  expect_everything(*open());
}

TEST_F(KaggleTest, NamesWhatIsWrongWithTheLabels) {
  miniature_.write_kaggle();
  const auto refused = [&](const std::string& solution, const std::vector<std::string>& words) {
    miniature_.write("LOC_val_solution.csv", solution);
    expect_error(ExitCode::bad_data, words, [&] { open(); });
  };
  const std::string head = "ImageId,PredictionString\n";
  refused(head + "ILSVRC2012_val_00000001,n00000019 1 2 3 4\n",
          {"LOC_val_solution.csv:2: 'n00000019' is no class: neither in train nor in LOC_synset_mapping.txt"});
  refused(head + "\nILSVRC2012_val_00000001\n", {"LOC_val_solution.csv:3: must be PICTURE,CLASS and boxes"});
  refused(head + "ILSVRC2012_val_00000001,n00000010 1 2 3 4\nILSVRC2012_val_00000001,n00000011 1 2 3 4\n",
          {"LOC_val_solution.csv:3: ILSVRC2012_val_00000001 is of class n00000011 here and of class n00000010 in an earlier line"});
  refused(head + ",n00000010 1 2 3 4\n", {"LOC_val_solution.csv:2: must be PICTURE,CLASS"});
  refused(head + "ILSVRC2012_val_00000001,n00000010 1 2 3 4\n",
          {"/val: ILSVRC2012_val_00000002.JPEG: no label in ", "LOC_val_solution.csv"});
  remove("LOC_val_solution.csv");
  expect_refusal(ExitCode::no_input, {"CLS-LOC/val: its labels are missing: put LOC_val_solution.csv into " + folder_.path().string()});
}

TEST_F(KaggleTest, LeavesOutKnownClassesThatTrainDoesNotHave) {
  miniature_.write_kaggle();
  remove("ILSVRC/Data/CLS-LOC/train/n00000012");
  EXPECT_THAT(open()->remarks, ElementsAre(HasSubstr("2 pictures of 1 classes that train does not have: left out")));
}

TEST_F(KaggleTest, NeedsItsFolders) {
  expect_refusal(ExitCode::no_input, {"no ILSVRC/Data/CLS-LOC/train in it"}, "kaggle");
  fs::create_directories(folder_ / "ILSVRC/Data/CLS-LOC/train");
  expect_refusal(ExitCode::bad_data, {"CLS-LOC/train: no training picture"});
}

}  // namespace
}  // namespace alexnet
