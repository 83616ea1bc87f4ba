// Lists of pictures with their labels.
#include "data/source_fixture.hpp"
#include "support/limits.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ListTest : public SourceTest {
 protected:
  std::string list(const std::string& lines) { return folder_.write("pictures.txt", lines); }
  std::unique_ptr<Source> open_list(const std::string& lines) { return open_source(list(lines), {}); }
  void expect_refused(const std::string& lines, std::initializer_list<std::string> words) {
    const std::string path = list(lines);
    expect_error(ExitCode::bad_data, words, [&] { open_source(path, {}); });
  }
};

TEST_F(ListTest, ReadsOneList) {
  picture("my holiday/1 2.jpg");
  const auto source = open_list("my holiday/1 2.jpg dog\r\n\nb.jpg\tcat\nc.jpg  \tdog  \n/elsewhere/d.jpg cat\n");
  EXPECT_EQ(source->layout, "list");
  EXPECT_EQ(source->summary, "2 classes, 4 lines of pictures.txt");
  EXPECT_THAT(ids(*source), ElementsAre("cat", "dog"));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("b.jpg", "/elsewhere/d.jpg", "my holiday/1 2.jpg", "c.jpg"));
  EXPECT_THAT(labels(*source, "train"), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(loaded(*source, "train", 2), some_picture());
  expect_error(ExitCode::bad_data, {"cannot be opened: No such file"}, [&] { loaded(*source, "train", 0); });
  EXPECT_EQ(source->splits.at("train")[0].position, 1U) << "the order of the lines";
}

TEST_F(ListTest, MayComeFromWindows) {
  EXPECT_THAT(paths(*open_list("\xef\xbb\xbf"
                               "a.jpg cat\r\nb.jpg dog\r\n"),
                    "train"),
              ElementsAre("a.jpg", "b.jpg"));
}

TEST_F(ListTest, NumbersComeByValue) {
  EXPECT_THAT(ids(*open_list("a.jpg 10\nb.jpg 9\nc.jpg 100\nd.jpg 0\n")), ElementsAre("0", "9", "10", "100"));
  EXPECT_THAT(ids(*open_list("a.jpg 10\nb.jpg 9\nc.jpg x\n")), ElementsAre("10", "9", "x"));
}

TEST_F(ListTest, ReadsTrainAndVal) {
  for (const char* name : {"a.jpg", "b.jpg"}) picture(name);
  folder_.write("train.txt", "a.jpg 1\nb.jpg 2\n");
  folder_.write("val.txt", "c.jpg 2\n");
  folder_.write("words.txt", "1 cat\n2 dog\n");
  const auto source = open();
  EXPECT_EQ(source->layout, "list");
  EXPECT_EQ(source->summary, "2 classes, 2 lines of train.txt, 1 lines of val.txt");
  EXPECT_THAT(names(*source), ElementsAre("cat", "dog"));
  EXPECT_THAT(labels(*source, "val"), ElementsAre(1));
  folder_.write("val.txt", "c.jpg 3\n");
  expect_refusal(ExitCode::bad_data, {"val.txt:1: label '3' is in no line of train.txt"});
}

TEST_F(ListTest, AFolderOfClassesMayHoldATrainTxt) {
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) picture(name);
  folder_.write("train.txt", "These pictures were taken in Spain.\n");
  EXPECT_EQ(open()->layout, "folder");
  folder_.write("train.txt", "\n");
  EXPECT_EQ(open()->layout, "folder");
  folder_.write("train.txt", "a/1.jpg 0\nb/1.jpg 1\n");
  EXPECT_EQ(open()->layout, "list");
}

TEST_F(ListTest, RefusesWhatIsNoList) {
  expect_refused("a.jpg 1\nb.jpg\n", {"pictures.txt:2: no label: must be PATH LABEL, is 'b.jpg'"});
  expect_refused(" 1\n", {"pictures.txt:1: no label: must be PATH LABEL, is ' 1'"});
  expect_refused("\n", {"pictures.txt: no line in it"});
  const std::string path = list("a.jpg 1\n");
  fs::permissions(path, fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::all);
  expect_error(ExitCode::no_input, {"pictures.txt: cannot be read: Permission denied"}, [&] {
    const NotRoot user;
    open_source(path, {});
  });
}

TEST_F(ListTest, RefusesTwoLabelsOfOnePicture) {
  expect_refused("b.jpg 1\n\na.jpg 2\nc.jpg 2\nb.jpg 2\n", {"pictures.txt:5: b.jpg has the label '2' here and '1' in line 1"});
  const auto source = open_list("b.jpg 1\na.jpg 2\nb.jpg 1\nb.jpg 1\n");
  EXPECT_THAT(source->remarks, ElementsAre(HasSubstr("pictures.txt: 2 lines name a picture a second time: left out")));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("b.jpg", "a.jpg"));
}

}  // namespace
}  // namespace alexnet
