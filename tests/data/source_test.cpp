#include <sys/stat.h>

#include "data/source_fixture.hpp"
#include "support/limits.hpp"

namespace alexnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(SourceTest, NumbersClassFoldersInByteOrder) {
  for (const char* name : {"zebra/1.jpg", "Ape/2.JPEG", "ape/b.png", "ape/a.JPG", "ape/deeper/c.webp"}) picture(name);
  const auto source = open();
  EXPECT_EQ(source->layout, "folder");
  EXPECT_THAT(ids(*source), ElementsAre("Ape", "ape", "zebra"));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("Ape/2.JPEG", "ape/a.JPG", "ape/b.png", "ape/deeper/c.webp", "zebra/1.jpg"));
  EXPECT_EQ(source->splits.at("train").back().label, 2);
  EXPECT_EQ(source->splits.size(), 1U);
  EXPECT_EQ(source->native_size, 0);
}

TEST_F(SourceTest, LoadsTheBytesOfAFile) {
  picture("a/1.jpg");
  picture("b/1.jpg");
  const auto source = open();
  const auto loaded = source->load("train", source->splits.at("train")[0]);
  EXPECT_EQ(std::get<EncodedPicture>(loaded), encode_jpeg(smooth_picture(20, 30), 90));
  expect_error(ExitCode::bad_data, {"cannot be opened"}, [&] { source->load("train", {"a/gone.jpg", 0, 0}); });
  ::mkfifo((folder_ / "a/pipe.jpg").c_str(), 0644);
  expect_error(ExitCode::bad_data, {"not a file"}, [&] { source->load("train", {"a/pipe.jpg", 0, 0}); });
  std::filesystem::resize_file(folder_.write("a/huge.jpg", "x"), (std::uintmax_t{1} << 30) + 1);  // a hole: no disk is filled
  expect_error(ExitCode::bad_data, {"1073741825 bytes: more than 1073741824 in one picture"}, [&] {
    source->load("train", {"a/huge.jpg", 0, 0});
  });
}

TEST_F(SourceTest, SkipsAndCountsWhatIsNoPictureByItsName) {
  picture("a/1.jpg");
  picture("b/1.jpg");
  for (const char* name : {"a/notes.txt", "a/Thumbs.db", "b/1.xml", "a/.DS_Store", ".git/config"}) folder_.write(name, "x");
  folder_.write("b/moving.gif", "GIF89a");
  folder_.write("loose.jpg", "x");
  const auto source = open();
  EXPECT_THAT(paths(*source, "train"), ElementsAre("a/1.jpg", "b/1.jpg", "b/moving.gif"));
  EXPECT_THAT(source->remarks, testing::Contains(HasSubstr("3 files that are no pictures")));
  EXPECT_THAT(source->remarks, testing::Contains(HasSubstr("1 picture lies in no class folder")));
}

TEST_F(SourceTest, ReadsTrainAndVal) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "test/b/3.jpg"}) picture(name);
  const auto source = open();
  EXPECT_THAT(ids(*source), ElementsAre("a", "b"));
  EXPECT_THAT(paths(*source, "train"), ElementsAre("train/a/1.jpg", "train/b/1.jpg"));
  EXPECT_THAT(paths(*source, "val"), ElementsAre("val/a/2.jpg"));
  EXPECT_THAT(paths(*source, "test"), ElementsAre("test/b/3.jpg"));
}

TEST_F(SourceTest, OrdersByClassThenFileNameThenPath) {
  for (const char* name : {"b/x/2.jpg", "b/y/1.jpg", "b/3.jpg", "a/z/5.jpg", "a/y/5.jpg"}) picture(name);
  const auto source = open();
  EXPECT_THAT(paths(*source, "train"), ElementsAre("a/y/5.jpg", "a/z/5.jpg", "b/y/1.jpg", "b/x/2.jpg", "b/3.jpg"));
  std::vector<std::uint64_t> positions;
  for (const SourceItem& item : source->splits.at("train")) positions.push_back(item.position);
  EXPECT_THAT(positions, ElementsAre(0, 1, 4, 3, 2)) << "the order of the listing";
}

TEST_F(SourceTest, TakesClassNamesThatLieThere) {
  for (const char* name : {"n02/1.jpg", "n01/1.jpg", "n03/1.jpg"}) picture(name);
  folder_.write("words.txt", "n02\ttench, Tinca tinca\r\nn09\tnothing\n\nn01\n");
  EXPECT_THAT(names(*open()), ElementsAre("n01", "tench, Tinca tinca", "n03"));
  folder_.write("LOC_synset_mapping.txt", "n01 goldfish\nn02 goldfish\n");
  EXPECT_THAT(names(*open()), ElementsAre("goldfish", "goldfish", "n03"));
  folder_.write("LOC_synset_mapping.txt", "n01 goldfish\nn02 shark\nn01 hen\n");
  expect_refusal(ExitCode::bad_data, {"LOC_synset_mapping.txt:3", "class n01 is named a second time"});
}

TEST_F(SourceTest, OtherNamesOfTheValidationFolder) {
  for (const char* name : {"valid", "validation", "test"}) {
    const TemporaryFolder folder;
    for (const std::string& file : {std::string("train/a/1.jpg"), std::string("train/b/1.jpg"), std::string(name) + "/b/3.jpg"}) {
      folder.write(file, text_of(encode_jpeg(smooth_picture(9, 9), 90)));
    }
    const auto source = open_source(folder.path().string(), {});
    EXPECT_THAT(paths(*source, "val"), ElementsAre(std::string(name) + "/b/3.jpg"));
    EXPECT_EQ(source->splits.size(), 2U);
    EXPECT_THAT(source->summary, HasSubstr(std::string(name) + "/ (as val)"));
  }
}

TEST_F(SourceTest, AClassMayBeCalledTrain) {
  for (const char* name : {"train/1.jpg", "bus/1.jpg"}) picture(name);
  EXPECT_THAT(ids(*open()), ElementsAre("bus", "train"));
}

TEST_F(SourceTest, ValidationClassesMustBeKnown) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/c/1.jpg"}) picture(name);
  expect_refusal(ExitCode::bad_data, {"val/c", "no such class in train"});
  for (const char* name : {"val/a/1.jpg", "val/c/1.jpg", "val/c"}) std::filesystem::remove(folder_ / name);
  folder_.write("val/a/readme.txt", "x");
  expect_refusal(ExitCode::bad_data, {"/val: no picture in any of its folders"});
}

TEST_F(SourceTest, LeavesOutUnlabelledTestPictures) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "test/images/1.jpg"}) picture(name);
  const auto source = open();
  EXPECT_EQ(source->splits.count("test"), 0U);
  EXPECT_THAT(source->remarks, ElementsAre(HasSubstr("none of its folders is a class of train")));
}

TEST_F(SourceTest, FindsTheSizeOfSmallPictures) {
  for (const char* name : {"a/1.png", "a/2.png", "b/1.png"}) folder_.write(name, text_of(encode_ppm(smooth_picture(64, 64))));
  EXPECT_EQ(open()->native_size, 64);
  folder_.write("b/2.png", text_of(encode_ppm(smooth_picture(32, 32))));
  EXPECT_EQ(open()->native_size, 0);
}

// Of the machine, not of the picture: it must not count as a bad one.
TEST_F(SourceTest, LacksDescriptors) {
#ifdef ALEXNET_SANITIZED
  GTEST_SKIP() << "UBSan asks for a pipe to look at an exception's type";
#endif
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) picture(name);
  const auto source = open();
  const SourceItem& item = source->splits.at("train").front();
  const int next = dup(0);
  close(next);
  expect_error(ExitCode::io_failed, {folder_ / "a/1.jpg", "reading failed: Too many open files"}, [&] {
    const ResourceLimit limit(RLIMIT_NOFILE, static_cast<rlim_t>(next));  // ends before the message is noted in a file
    source->load("train", item);
  });
  EXPECT_NO_THROW(source->load("train", item));
}

TEST_F(SourceTest, RefusesWhatHoldsNoPictures) {
  expect_error(ExitCode::no_input, {"/nowhere/at/all", "no such file or folder"}, [] { open_source("/nowhere/at/all", {}); });
  expect_refusal(ExitCode::bad_data, {"holds no class folders"});
  folder_.write("a/readme.txt", "x");
  expect_refusal(ExitCode::bad_data, {"no picture in any of them"});
  const std::string file = folder_.write("pictures.tar", "x");
  expect_error(ExitCode::bad_data, {"pictures.tar", "a file that no layout reads", "list of lines PATH LABEL"},
               [&] { open_source(file, {}); });
  expect_error(ExitCode::command_line,
               {"--layout imagenet", "auto, drawn, kaggle, ilsvrc2012, tiny-imagenet, cifar10, list, webdataset, folder"},
               [&] { open("imagenet"); });
  expect_error(ExitCode::command_line, {"--layout drawn", "drawn:classes=10"}, [&] { open("drawn"); });
}

TEST_F(SourceTest, NamesAFolderThatCannotBeListed) {
  picture("a/1.jpg");
  picture("b/1.jpg");
  ::chmod(folder_.path().c_str(), 0755);
  ::chmod((folder_ / "b").c_str(), 0);
  expect_error(ExitCode::no_input, {"/b", "cannot be listed", "Permission denied"}, [&] {
    const NotRoot user;
    open();
  });
  ::chmod((folder_ / "b").c_str(), 0755);
  ::chmod(folder_.path().c_str(), 0);
  expect_error(ExitCode::no_input, {folder_.path().string() + ": the folder cannot be listed: Permission denied"}, [&] {
    const NotRoot user;
    open();
  });
  ::chmod(folder_.path().c_str(), 0755);
}

TEST_F(SourceTest, EmptyClassFoldersAreNoClasses) {
  picture("a/1.jpg");
  picture("c/1.jpg");
  folder_.write("b/readme.txt", "x");
  const auto source = open();
  EXPECT_THAT(ids(*source), ElementsAre("a", "c"));
  EXPECT_EQ(source->splits.at("train")[1].label, 1);
  EXPECT_THAT(source->remarks, testing::Contains(HasSubstr("no picture in b")));
}

// ---- CIFAR-10

std::string cifar_records(int count, int first_label) {
  std::string records;
  for (int i = 0; i < count; ++i) {
    records += static_cast<char>((first_label + i) % 10);
    for (int plane = 0; plane < 3; ++plane) {
      for (int k = 0; k < 1024; ++k) records += static_cast<char>((i + 80 * plane + k) % 256);
    }
  }
  return records;
}

TEST_F(SourceTest, ReadsCifar10) {
  folder_.write("data_batch_1.bin", cifar_records(4, 0));
  folder_.write("data_batch_2.bin", cifar_records(3, 4));
  folder_.write("test_batch.bin", cifar_records(2, 8));
  const auto source = open();
  EXPECT_EQ(source->layout, "cifar10");
  EXPECT_EQ(source->native_size, 32);
  EXPECT_EQ(source->classes[3].name, "cat");
  EXPECT_EQ(source->splits.at("train").size(), 7U);
  EXPECT_EQ(source->splits.at("val").size(), 2U);
  const SourceItem& item = source->splits.at("train")[5];
  EXPECT_EQ(item.path, "data_batch_2.bin#1");
  EXPECT_EQ(item.label, 5);
  const Picture picture = std::get<Picture>(source->load("train", item));
  ASSERT_EQ(picture.rgb.size(), 3072U);
  for (int k = 0; k < 1024; ++k) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(picture.rgb[static_cast<std::size_t>(3 * k + c)], (1 + 80 * c + k) % 256);
  }
}

TEST_F(SourceTest, FindsCifar10OneFolderDeeperAndItsNames) {
  folder_.write("cifar-10-batches-bin/data_batch_1.bin", cifar_records(10, 0));
  folder_.write("cifar-10-batches-bin/batches.meta.txt", "aero\r\nauto\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  const auto source = open();
  EXPECT_EQ(source->classes[0].name, "aero");
  EXPECT_EQ(source->splits.count("val"), 0U);
}

TEST_F(SourceTest, RefusesDamagedCifar10) {
  folder_.write("data_batch_1.bin", cifar_records(2, 0).substr(0, 4000));
  expect_refusal(ExitCode::bad_data, {"data_batch_1.bin", "4000 bytes", "3073"});
  folder_.write("data_batch_1.bin", "\x0b" + cifar_records(1, 0).substr(1));
  expect_refusal(ExitCode::bad_data, {"record 0 has label 11"});
  folder_.write("data_batch_1.bin", cifar_records(1, 0));
  folder_.write("batches.meta.txt", "cat\ndog\n");
  expect_refusal(ExitCode::bad_data, {"batches.meta.txt", "2 class names"});
}

TEST_F(SourceTest, NamesACifar10FileThatBecameShorter) {
  const std::string file = folder_.write("data_batch_1.bin", cifar_records(10, 0));
  const auto source = open();
  std::filesystem::resize_file(file, 3073);
  expect_error(ExitCode::io_failed, {"data_batch_1.bin: reading failed: the file became shorter"},
               [&] { source->load("train", source->splits.at("train")[9]); });
}

TEST_F(SourceTest, KnowsThePythonVersionOfCifar10) {
  folder_.write("data_batch_1", "pickle");
  expect_refusal(ExitCode::bad_data, {"the Python version", "cifar-10-binary.tar.gz"});
  const TemporaryFolder other;
  expect_error(ExitCode::bad_data, {"no data_batch_*.bin"}, [&] { open_source(other.path().string(), {"cifar10", 1, 0}); });
}

}  // namespace
}  // namespace alexnet
