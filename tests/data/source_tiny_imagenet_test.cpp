// Tiny ImageNet as published.
#include "data/source_fixture.hpp"

namespace alexnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TinyImagenetTest : public SourceTest {
 protected:
  void SetUp() override {
    for (const char* name :
         {"train/n00000002/images/n00000002_0.JPEG", "train/n00000001/images/n00000001_1.JPEG", "train/n00000001/images/n00000001_0.JPEG",
          "val/images/val_0.JPEG", "val/images/val_1.JPEG", "test/images/test_0.JPEG"})
      picture(name, 64, 64);
    folder_.write("train/n00000001/n00000001_boxes.txt", "n00000001_0.JPEG\t0\t0\t62\t62\n");
    folder_.write("wnids.txt", "n00000002\nn00000001\n");
    folder_.write("words.txt", "n00000001\tgoldfish, Carassius auratus\nn00000002\tsalamander\nn00000009\telsewhere\n");
    annotate("val_1.JPEG\tn00000001\t0\t32\t44\t62\nval_0.JPEG\tn00000002\t3\t3\t59\t55\n");
  }
  void annotate(const std::string& lines) { folder_.write("val/val_annotations.txt", lines); }
};

TEST_F(TinyImagenetTest, ReadsIt) {
  const auto source = open();
  EXPECT_EQ(source->layout, "tiny-imagenet");
  EXPECT_EQ(source->summary, "2 classes, labels of val/ from val/val_annotations.txt, names from words.txt");
  EXPECT_THAT(ids(*source), ElementsAre("n00000001", "n00000002"));
  EXPECT_THAT(names(*source), ElementsAre("goldfish, Carassius auratus", "salamander"));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("train/n00000001/images/n00000001_0.JPEG", "train/n00000001/images/n00000001_1.JPEG",
                                                   "train/n00000002/images/n00000002_0.JPEG"));
  EXPECT_THAT(paths(*source, "val"), ElementsAre("val/images/val_1.JPEG", "val/images/val_0.JPEG"));
  EXPECT_THAT(labels(*source, "val"), ElementsAre(0, 1));
  EXPECT_THAT(source->remarks, ElementsAre(HasSubstr("/test: no labels, left out")));
  EXPECT_EQ(source->splits.size(), 2U);
  EXPECT_EQ(source->native_size, 64);
}

TEST_F(TinyImagenetTest, NamesWhatIsWrongWithTheAnnotations) {
  annotate("val_1.JPEG\tn00000001\t0\t32\t44\t62\n");
  expect_refusal(ExitCode::bad_data, {"val/images: val_0.JPEG: no label in ", "val/val_annotations.txt"});
  annotate("val_1.JPEG\tn00000001\t0\nval_0.JPEG\tn00000003\t0\n");
  expect_refusal(ExitCode::bad_data, {"val_annotations.txt:2: 'n00000003' is no class: neither in train nor in words.txt"});
  annotate("val_1.JPEG n00000001\n");
  expect_refusal(ExitCode::bad_data, {"val_annotations.txt:1: must be PICTURE<TAB>CLASS<TAB>box"});
  std::filesystem::remove(folder_ / "val/val_annotations.txt");
  expect_refusal(ExitCode::no_input, {"no train/ with val/val_annotations.txt beside it"}, "tiny-imagenet");
}

TEST_F(TinyImagenetTest, LeavesOutKnownClassesThatTrainDoesNotHave) {
  annotate("val_1.JPEG\tn00000001\t0\nval_0.JPEG\tn00000009\t0\n");
  EXPECT_THAT(open()->remarks, testing::Contains(HasSubstr("val/images: 1 pictures of 1 classes that train does not have: left out")));
}

}  // namespace
}  // namespace alexnet
