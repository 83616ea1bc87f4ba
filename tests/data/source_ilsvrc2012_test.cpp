// ImageNet's official files, packed, unpacked and mixed.
#include <fstream>

#include "alexnet/io/files.hpp"
#include "data/source_imagenet_fixture.hpp"
#include "support/limits.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Ilsvrc2012Test = ImagenetSourceTest;

TEST_F(Ilsvrc2012Test, ReadsTheOfficialTars) {
  miniature_.write_tars();
  const auto source = open();
  EXPECT_EQ(source->layout, "ilsvrc2012");
  EXPECT_EQ(source->summary,
            "3 classes; train: ILSVRC2012_img_train.tar, val: ILSVRC2012_img_val.tar, labels and names: ILSVRC2012_devkit_t12.tar.gz");
  EXPECT_THAT(source->remarks, ElementsAre());
  expect_everything(*source);
  EXPECT_EQ(paths(*source, "train")[0], "ILSVRC2012_img_train.tar/n00000010.tar/n00000010_10.JPEG");
  EXPECT_EQ(paths(*source, "val")[0], "ILSVRC2012_img_val.tar/ILSVRC2012_val_00000002.JPEG");
}

TEST_F(Ilsvrc2012Test, PositionsAscendInTheTar) {
  miniature_.write_tars();
  const auto source = open();
  std::vector<SourceItem> items = source->splits.at("train");
  std::ranges::sort(items, {}, &SourceItem::position);
  const std::string tar = MiniatureImagenet::train_tar();
  std::size_t before = 0;
  for (const SourceItem& item : items) {
    const std::size_t at = tar.find(text_of(std::get<EncodedPicture>(source->load("train", item))));
    EXPECT_GT(at, before) << item.path;
    before = at;
  }
}

TEST_F(Ilsvrc2012Test, TakesTheTrainingTarAsSource) {
  miniature_.write_tars();
  expect_everything(*open_source(folder_ / "ILSVRC2012_img_train.tar", {}));
  fs::rename(folder_ / "ILSVRC2012_img_train.tar", folder_ / "imagenet.tar");
  const auto source = open_source(folder_ / "imagenet.tar", {});
  EXPECT_EQ(source->layout, "ilsvrc2012") << "known by its first member";
  expect_everything(*source);
}

TEST_F(Ilsvrc2012Test, ReadsUnpackedAndMixedPieces) {
  struct Form {
    const char* name;
    bool train_tar, val_tar, val_sorted, devkit_folder;
  };
  for (const Form& form : {Form{"all unpacked, flat", false, false, false, true}, Form{"all unpacked, sorted", false, false, true, true},
                           Form{"val packed", false, true, false, false}, Form{"train packed", true, false, true, false}}) {
    for (const char* name :
         {"train", "val", "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12", "ILSVRC2012_devkit_t12.tar.gz"})
      remove(name);
    form.train_tar ? miniature_.write_train_tar() : miniature_.write_train_folder();
    form.val_tar ? miniature_.write_val_tar() : miniature_.write_val_folder(form.val_sorted);
    form.devkit_folder ? miniature_.write_devkit_folder() : miniature_.write_devkit();
    const auto source = open();
    EXPECT_EQ(source->layout, "ilsvrc2012") << form.name;
    EXPECT_THAT(source->remarks, ElementsAre()) << form.name;
    expect_everything(*source);
  }
}

TEST_F(Ilsvrc2012Test, ReadsClassTarsThatLieInTrain) {
  for (int c = 0; c < 3; ++c) miniature_.write("train/" + MiniatureImagenet::wnid(c) + ".tar", MiniatureImagenet::class_tar(c));
  miniature_.write_val_tar();
  miniature_.write_devkit();
  expect_everything(*open());
}

TEST_F(Ilsvrc2012Test, FindsTheDevkitInTheParent) {
  const MiniatureImagenet below(folder_, "pictures/");
  below.write_train_folder();
  below.write_val_folder(false);
  miniature_.write_devkit();
  expect_everything(*open_source(folder_ / "pictures", {}));
}

TEST_F(Ilsvrc2012Test, OtherPicturesBelowADevkitAreNoImagenet) {
  for (const char* name : {"pets/train/cat/1.jpg", "pets/train/dog/1.jpg", "pets/val/cat/2.jpg", "pets/val/dog/2.jpg"}) picture(name);
  miniature_.write_devkit();
  const auto source = open_source(folder_ / "pets", {});
  EXPECT_EQ(source->layout, "folder");
  EXPECT_THAT(ids(*source), ElementsAre("cat", "dog"));
}

TEST_F(Ilsvrc2012Test, PassesOverHiddenMembers) {
  const auto with_hidden = [](const std::string& member, const std::string& tar) { return tar_member(member, "Mac OS X") + tar; };
  for (int c = 0; c < 3; ++c) {
    const std::string wnid = MiniatureImagenet::wnid(c);
    miniature_.write("train/" + wnid + ".tar", with_hidden("./._" + wnid + "_10.JPEG", MiniatureImagenet::class_tar(c)));
  }
  miniature_.write_val_tar();
  miniature_.write("ILSVRC2012_img_val.tar",
                   with_hidden("._ILSVRC2012_val_00000001.JPEG", read_text_file(folder_ / "ILSVRC2012_img_val.tar")));
  miniature_.write_devkit();
  const auto source = open();
  expect_everything(*source);
  EXPECT_THAT(source->remarks, ElementsAre("4 files that are no pictures by their names were skipped"));
}

TEST_F(Ilsvrc2012Test, ValMayBeMissing) {
  miniature_.write_train_tar();
  const auto source = open();
  EXPECT_EQ(source->splits.size(), 1U);
  EXPECT_THAT(names(*source), ElementsAre("n00000010", "n00000011", "n00000012"));
  folder_.write("LOC_synset_mapping.txt", "n00000011 tench\n");
  EXPECT_THAT(names(*open()), ElementsAre("n00000010", "tench", "n00000012"));
}

TEST_F(Ilsvrc2012Test, ASortedTreeAloneIsAFolder) {
  miniature_.write_train_folder();
  miniature_.write_val_folder(true);
  EXPECT_EQ(open()->layout, "folder");
  const auto source = open("ilsvrc2012");
  EXPECT_THAT(labels(*source, "val"), ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST_F(Ilsvrc2012Test, ValNeedsItsLabels) {
  miniature_.write_train_tar();
  miniature_.write_val_tar();
  const std::string where = "its labels are missing: put ILSVRC2012_devkit_t12.tar.gz into " + folder_.path().string();
  expect_refusal(ExitCode::no_input, {"ILSVRC2012_img_val.tar: " + where});
  remove("ILSVRC2012_img_val.tar");
  remove("ILSVRC2012_img_train.tar");
  miniature_.write_train_folder();
  miniature_.write_val_folder(false);
  expect_refusal(ExitCode::no_input, {"/val: " + where});
}

TEST_F(Ilsvrc2012Test, NeedsTrainingPictures) {
  miniature_.write_val_tar();
  miniature_.write_devkit();
  expect_refusal(ExitCode::no_input, {"the training pictures are missing: put ILSVRC2012_img_train.tar or the folder train/ there"});
  miniature_.write("ILSVRC2012_img_train.tar", kTarEnd);
  expect_refusal(ExitCode::bad_data, {"ILSVRC2012_img_train.tar: no training picture"});
  miniature_.write("ILSVRC2012_img_train.tar", tar_of({{"n00000010.tar", kTarEnd}, {"readme.txt", "x"}}));
  expect_refusal(ExitCode::bad_data, {"ILSVRC2012_img_train.tar: no training picture"});
}

TEST_F(Ilsvrc2012Test, LeavesOutClassesThatTrainDoesNotHave) {
  miniature_.write_tars();
  remove("ILSVRC2012_img_train.tar");
  miniature_.write_train_folder();
  remove("train/n00000011");
  EXPECT_THAT(open()->remarks,
              ElementsAre(HasSubstr("ILSVRC2012_img_val.tar: 2 pictures of 1 classes that train does not have: left out")));
  remove("ILSVRC2012_img_val.tar");
  miniature_.write_val_folder(true);
  const auto source = open();
  EXPECT_THAT(source->remarks, ElementsAre(HasSubstr("/val: 2 pictures of 1 classes that train does not have: left out")));
  EXPECT_THAT(labels(*source, "val"), ElementsAre(0, 0, 1, 1));
  for (const char* wnid : {"n00000010", "n00000012"}) remove("val/" + std::string(wnid));
  expect_refusal(ExitCode::bad_data, {"/val: none of its pictures is of a class that train has", "--val-fraction"});
  remove("val/n00000011");
  expect_refusal(ExitCode::bad_data, {"/val: no picture in it"});
}

TEST_F(Ilsvrc2012Test, NamesATarThatWasCutShort) {
  miniature_.write_tars();
  const std::string train = MiniatureImagenet::train_tar(), val = MiniatureImagenet::val_tar();
  const auto cut = [&](const std::string& name, const std::string& tar, std::size_t bytes, const std::vector<std::string>& words) {
    miniature_.write(name, tar.substr(0, bytes));
    expect_error(ExitCode::bad_data, {name, "cut short", fmt::format("the file has {} bytes, the official one 1478", bytes)},
                 [&] { open(); });
    expect_error(ExitCode::bad_data, words, [&] { open(); });
  };
  const std::string third = fmt::format("{}", train.size() - kTarEnd.size());
  cut("ILSVRC2012_img_train.tar", train, train.size() - 3000,
      {"tar header at byte ", fmt::format("past the end at byte {}", train.size() - 3000)});
  cut("ILSVRC2012_img_train.tar", train, train.size() - kTarEnd.size(),
      {"cut short at byte " + third + ": the end mark of a tar is missing", "the official one 147897477120: fetch it again"});
  miniature_.write("ILSVRC2012_img_train.tar", train);
  miniature_.write("ILSVRC2012_img_val.tar", val.substr(0, 700));
  expect_refusal(ExitCode::bad_data,
                 {"ILSVRC2012_img_val.tar: ", "past the end at byte 700", "has 700 bytes, the official one 6744924160"});
  // Damage inside of a class's tar is told with its place in the whole.
  miniature_.write("ILSVRC2012_img_val.tar", val);
  const std::size_t second = 1024 + (MiniatureImagenet::picture(2, 2).size() + 511) / 512 * 512;
  std::string damaged = train;
  damaged[second + 3] ^= 1;
  miniature_.write("ILSVRC2012_img_train.tar", damaged);
  expect_refusal(ExitCode::bad_data, {fmt::format("ILSVRC2012_img_train.tar: n00000012.tar: no tar header at byte {}", second)});
}

TEST_F(Ilsvrc2012Test, RefusesWhatIsNoTar) {
  miniature_.write_tars();
  const auto refused = [&](const std::string& content, const std::vector<std::string>& words) {
    const std::string path = miniature_.write("ILSVRC2012_img_train.tar", content);
    expect_error(ExitCode::bad_data, words, [&] { open(); });
    expect_error(ExitCode::bad_data, words, [&] { open_source(path, {}); });
  };
  refused(deflated(MiniatureImagenet::train_tar(), true),
          {"ILSVRC2012_img_train.tar: a gzip file, where a tar is needed; gunzip it first"});
  refused("<!DOCTYPE html><html>Please log in", {"ILSVRC2012_img_train.tar: an HTML page (a failed download?), where a tar is needed"});
  refused("", {"an empty file, where a tar is needed; the file has 0 bytes, the official one 147897477120: fetch it again"});
  refused(std::string(2000, '\x7f'), {"something else, where a tar is needed"});
  refused(tar_of({{"../n00000010.tar", kTarEnd}}), {"the member is called '../n00000010.tar': absolute names and .. are refused"});
  refused(tar_of({{"n00000010.tar", tar_of({{"/a.JPEG", "x"}})}}), {"ILSVRC2012_img_train.tar: n00000010.tar: ", "called '/a.JPEG'"});
}

TEST_F(Ilsvrc2012Test, NamesATarThatMayNotBeRead) {
  miniature_.write_tars();
  fs::permissions(folder_ / "ILSVRC2012_img_train.tar", fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::all);
  expect_error(ExitCode::no_input, {"ILSVRC2012_img_train.tar: cannot be read: Permission denied"}, [&] {
    const NotRoot user;
    open();
  });
}

TEST_F(Ilsvrc2012Test, GroundTruthAndPicturesMustAgree) {
  miniature_.write_tars();
  miniature_.write("ILSVRC2012_devkit_t12.tar.gz", devkit_tgz(MiniatureImagenet::meta(), "1\n3\n2\n2\n1\n"));
  expect_refusal(ExitCode::bad_data, {"ILSVRC2012_img_val.tar: ILSVRC2012_val_00000006.JPEG: no label in ",
                                      "ILSVRC2012_devkit_t12.tar.gz/data/ILSVRC2012_validation_ground_truth.txt"});
  miniature_.write("ILSVRC2012_devkit_t12.tar.gz", devkit_tgz(MiniatureImagenet::meta(), MiniatureImagenet::ground_truth() + "1\n"));
  expect_refusal(ExitCode::bad_data, {"ILSVRC2012_img_val.tar: 6 pictures, but ", "ground_truth.txt has 7 labels"});
  remove("ILSVRC2012_img_val.tar");
  miniature_.write_val_folder(false);
  EXPECT_THAT(open()->remarks, ElementsAre(HasSubstr("/val: 6 pictures, 7 labels in ")));
  picture("val/holiday.JPEG");
  expect_refusal(ExitCode::bad_data, {"/val: holiday.JPEG: no label in "});
}

TEST_F(Ilsvrc2012Test, OnePictureThatIsTooLargeIsOneBadPicture) {
  miniature_.write_devkit();
  const std::string path = miniature_.write("train/n00000012.tar", "");
  const std::uint64_t bytes = (std::uint64_t{1} << 30) + 512;
  std::string header = tar_member("a.JPEG", "");
  header.replace(124, 12, fmt::format("{:011o}", bytes) + '\0');
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  std::ofstream(path, std::ios::binary) << header;
  fs::resize_file(path, 512 + bytes + 1024);  // a hole: no disk is filled
  const auto source = open();
  expect_error(ExitCode::bad_data, {"1073742336 bytes: more than 1073741824 in one picture"}, [&] { loaded(*source, "train", 0); });
}

TEST_F(Ilsvrc2012Test, ATarThatCannotBeReadIsNoBadPicture) {
  miniature_.write_tars();
  const auto source = open();
  fs::resize_file(folder_ / "ILSVRC2012_img_train.tar", 600);
  expect_error(ExitCode::io_failed, {"ILSVRC2012_img_train.tar: reading failed: the file became shorter"},
               [&] { loaded(*source, "train", 0); });
}

TEST_F(Ilsvrc2012Test, ReadsMoreTarsThanStayOpen) {
  miniature_.write_devkit();
  for (int c = 0; c < 70; ++c)
    folder_.write(fmt::format("train/n{:08}.tar", c), tar_of({{fmt::format("{}.JPEG", c), std::string(1, 'a')}}));
  const auto source = open();
  EXPECT_EQ(source->classes.size(), 70U);
  for (std::size_t i = 0; i < 70; ++i) EXPECT_EQ(loaded(*source, "train", i), "a");
  fs::remove(folder_ / "train/n00000068.tar");
  expect_error(ExitCode::io_failed, {"n00000068.tar: reading failed: No such file or directory"}, [&] { loaded(*source, "train", 68); });
}

TEST_F(Ilsvrc2012Test, LeavesOutFoldersWithOtherNames) {
  miniature_.write_train_folder();
  miniature_.write_devkit();
  picture("train/holidays/1.JPEG");
  folder_.write("train/readme.txt", "x");
  folder_.write("train/n00000013/readme.txt", "x");
  const auto source = open();
  EXPECT_THAT(source->remarks, Contains(HasSubstr("/train: 1 folders that are not called by a WordNet id such as n01440764: left out")));
  EXPECT_THAT(source->remarks, Contains(HasSubstr("/train: no class: no picture in n00000013")));
  EXPECT_THAT(source->remarks, Contains(StartsWith("2 files that are no pictures")));
}

}  // namespace
}  // namespace alexnet
