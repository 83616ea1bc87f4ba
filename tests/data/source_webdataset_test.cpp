// WebDataset shards that other programs wrote, and our own.
#include "data/imagenet_support.hpp"
#include "data/source_fixture.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class WebdatasetTest : public SourceTest {
 protected:
  using Members = std::vector<std::pair<std::string, std::string>>;
  void shard(const std::string& name, const Members& members) { folder_.write(name, tar_of(members)); }
  void expect_refused(const Members& members, std::initializer_list<std::string> words) {
    shard("train-0.tar", members);
    expect_refusal(ExitCode::bad_data, words);
  }
};

TEST_F(WebdatasetTest, ReadsSplitsAndNumbers) {
  shard("train-000000.tar", {{"x/1.jpg", "one"}, {"x/1.cls", "10\n"}, {"x/2.cls", " 9"}, {"x/2.seg.png", "other"}, {"x/2.jpeg", "two"}});
  shard("train-000001.tar", {{"./y/1.png", "three"}, {"./y/1.cls", "9"}});
  shard("validation-0.tar", {{"1.WEBP", "four"}, {"1.cls", "10"}});
  shard("test-0.tar", {{"1.ppm", "five"}, {"1.cls", "9"}});
  const auto source = open();
  EXPECT_EQ(source->layout, "webdataset");
  EXPECT_EQ(source->summary, "2 classes in 4 shards");
  EXPECT_THAT(ids(*source), ElementsAre("9", "10"));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("train-000001.tar/./y/1.png", "train-000000.tar/x/2.jpeg", "train-000000.tar/x/1.jpg"));
  EXPECT_EQ(loaded(*source, "train", 0), "three");
  EXPECT_EQ(loaded(*source, "train", 1), "two");
  EXPECT_EQ(loaded(*source, "val", 0), "four");
  EXPECT_EQ(loaded(*source, "test", 0), "five");
  EXPECT_LT(source->splits.at("train")[2].position, source->splits.at("train")[1].position) << "the order in the tars";
  EXPECT_LT(source->splits.at("train")[1].position, source->splits.at("train")[0].position);
}

TEST_F(WebdatasetTest, WithoutValTestTakesItsPlace) {
  shard("imagenet-0.tar", {{"1.jpg", "one"}, {"1.cls", "0"}, {"2.jpg", "two"}, {"2.cls", "1"}});
  shard("test-0.tar", {{"1.jpg", "three"}, {"1.cls", "1"}});
  const auto source = open();
  EXPECT_EQ(loaded(*source, "val", 0), "three");
  EXPECT_EQ(source->splits.size(), 2U);
}

TEST_F(WebdatasetTest, FindsTheSplitAnywhereInTheName) {
  shard("imagenet1k-train-0000.tar", {{"1.jpg", "one"}, {"1.cls", "0"}, {"2.jpg", "two"}, {"2.cls", "1"}});
  shard("imagenet1k-validation-00.tar", {{"1.jpg", "three"}, {"1.cls", "1"}});
  shard("imagenet1k_test_00.tar", {{"1.jpg", "four"}, {"1.cls", "0"}});
  shard("interval-contest.tar", {{"3.jpg", "five"}, {"3.cls", "1"}});
  const auto source = open();
  EXPECT_EQ(source->splits.at("train").size(), 3U);
  EXPECT_EQ(loaded(*source, "val", 0), "three");
  EXPECT_EQ(loaded(*source, "test", 0), "four");
}

TEST_F(WebdatasetTest, ReadsJson) {
  shard("a.tar", {{"1.jpg", "one"},
                  {"1.json", R"({"caption": "x", "label": 2})"},
                  {"2.jpg", "two"},
                  {"2.json", R"({"cls": "dog"})"},
                  {"3.jpg", "three"},
                  {"3.json", R"({"class": "cat"})"},
                  {"4.jpg", "four"},
                  {"4.json", R"({"label": "dog"})"},
                  {"4.cls", "cat"}});
  const auto source = open();
  EXPECT_THAT(ids(*source), ElementsAre("2", "cat", "dog"));
  EXPECT_THAT(labels(*source, "train"), ElementsAre(0, 1, 1, 2));
  EXPECT_EQ(loaded(*source, "train", 2), "four") << "the .cls counts";
}

TEST_F(WebdatasetTest, ReadsWhatPrepareWrote) {
  SmallDatasetOptions options;
  options.size = 32;
  write_small_dataset(folder_.path().string(), options);
  const auto source = open();
  EXPECT_EQ(source->layout, "webdataset");
  EXPECT_EQ(source->summary, "3 classes in 4 shards, named by dataset.json");
  EXPECT_THAT(ids(*source), ElementsAre("c000", "c001", "c002"));
  EXPECT_THAT(names(*source), ElementsAre("class 0", "class 1", "class 2"));
  EXPECT_EQ(source->splits.at("train").size(), 20U);
  EXPECT_EQ(source->splits.at("val").size(), 7U);
  EXPECT_EQ(source->native_size, 32);
  for (const SourceItem& item : source->splits.at("train")) {
    const std::uint64_t i = std::stoul(item.path.substr(item.path.rfind('/') + 1));
    EXPECT_EQ(item.label, small_dataset_label(options, i));
  }
  shard("train-000009.tar", {{"1.jpg", "one"}, {"1.cls", "3"}});
  expect_refusal(ExitCode::bad_data, {"train-000009.tar: 1.cls: class '3', but dataset.json lists 3 classes"});
  shard("train-000009.tar", {{"1.jpg", "one"}, {"1.cls", "cat"}});
  expect_refusal(ExitCode::bad_data, {"1.cls: class 'cat', but dataset.json lists 3 classes"});
}

TEST_F(WebdatasetTest, CountsWhatItLeavesOut) {
  shard("train-0.tar",
        {{"1.jpg", "one"}, {"1.cls", "0"}, {"2.jpg", "two"}, {"3.jpg", "x"}, {"3.json", "{}"}, {"4.cls", "0"}, {"5.txt", "x"}});
  folder_.write("train-1.tar", tar_member("1.jpg", "six") + tar_member("1.cls", "1"));
  const auto source = open();
  EXPECT_THAT(labels(*source, "train"), ElementsAre(0, 1));
  EXPECT_THAT(source->remarks, Contains(HasSubstr("train-1.tar: the end mark of a tar is missing: it may have been cut short")));
  EXPECT_THAT(source->remarks, Contains("train: 2 pictures without a label (.cls or .json): left out"));
  EXPECT_THAT(source->remarks, Contains("1 labels without a picture (.jpg .jpeg .png .webp .ppm): left out"));
}

TEST_F(WebdatasetTest, RefusesWrongLabels) {
  const auto labelled = [](const std::string& extension, const std::string& label) {
    return Members{{"1.jpg", "x"}, {"1." + extension, label}};
  };
  expect_refused(labelled("cls", " \n"), {"train-0.tar: 1.cls: no label in it"});
  expect_refused(labelled("cls", std::string(257, '1')), {"1.cls: 257 bytes, a label has 256 at most"});
  expect_refused(labelled("json", "{\"label\": 1"), {"train-0.tar: 1.json: no JSON object"});
  expect_refused(labelled("json", "[1]"), {"1.json: no JSON object"});
  for (const char* value : {"1.5", "null", "[1]", "true"})
    expect_refused(labelled("json", R"({"label": )" + std::string(value) + "}"), {"1.json: \"label\" must be a whole number or a text"});
  shard("train-0.tar", labelled("cls", "1"));
  shard("val-0.tar", labelled("cls", "2"));
  expect_refusal(ExitCode::bad_data, {"val-0.tar: 1.cls: class '2' is in no shard of train"});
}

TEST_F(WebdatasetTest, RefusesShardsWithoutSamples) {
  expect_refusal(ExitCode::no_input, {"no shard of the training pictures: no .tar, or all are called val or test"}, "webdataset");
  shard("val-0.tar", {{"1.jpg", "one"}, {"1.cls", "0"}});
  expect_refusal(ExitCode::no_input, {"no shard of the training pictures"});
  fs::remove(folder_ / "val-0.tar");
  shard("train-0.tar", {{"1.jpg", "one"}});
  expect_refusal(ExitCode::bad_data, {"no picture with a label in 1 shards; a sample is a picture and its .cls or .json"}, "webdataset");
  folder_.write("train-0.tar", "<html>no such file</html>");
  expect_refusal(ExitCode::bad_data, {"train-0.tar: an HTML page (a failed download?), where a tar is needed; the file has 25 bytes"});
}

TEST_F(WebdatasetTest, TarsOfOtherThingsAreNone) {
  shard("backup.tar", {{"a/1.jpg", "one"}, {"a/2.jpg", "two"}});
  expect_refusal(ExitCode::bad_data, {"holds no class folders"});
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) picture(name);
  shard("backup.tar", {{"1.jpg", "one"}, {"1.cls", "0"}});
  EXPECT_EQ(open()->layout, "folder") << "class folders beside it count";
}

}  // namespace
}  // namespace alexnet
