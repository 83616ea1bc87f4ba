// `alexnet prepare` as a user runs it: exit codes, what goes to stdout and what to stderr.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "alexnet/data/decode.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PrepareCommandTest : public testing::Test {
 protected:
  CommandResult prepare(std::vector<std::string> arguments, const RunOptions& options = {}) {
    arguments.insert(arguments.begin(), "prepare");
    return run_alexnet(std::move(arguments), options);
  }
  void picture(const std::string& name) {
    const Picture picture{40, 40, std::vector<std::uint8_t>(40 * 40 * 3, 99)};
    const std::vector<std::uint8_t> bytes = encode_ppm(picture);
    folder_.write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  TemporaryFolder folder_;
};

TEST_F(PrepareCommandTest, PrintsATable) {
  const CommandResult result = prepare({"drawn:classes=3,train=30,val=9", folder_ / "set"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("classes    3"), HasSubstr("train      30 pictures"), HasSubstr("val        9 pictures"),
                                HasSubstr("64 x 64 pixels, raw"), HasSubstr("bad files  0"), HasSubstr(folder_ / "set")));
  EXPECT_THAT(result.err, AllOf(HasSubstr("layout drawn"), testing::Not(HasSubstr("warning"))));
}

TEST_F(PrepareCommandTest, PrintsJson) {
  const CommandResult result = prepare({"drawn:classes=3,train=30,val=9", folder_ / "set", "--json", "--size", "32"});
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("classes"), 3);
  EXPECT_EQ(json.at("splits").at("train"), 30);
  EXPECT_EQ(json.at("size"), 32);
  EXPECT_EQ(json.at("encoding"), "raw");
  EXPECT_EQ(json.at("bad_files"), 0);
  EXPECT_EQ(json.at("out"), folder_ / "set");
}

TEST_F(PrepareCommandTest, SaysHowItReadsAFolder) {
  for (const char* name : {"in/a/1.ppm", "in/a/2.ppm", "in/b/1.ppm", "in/b/note.txt"}) picture(name);
  const CommandResult result = prepare({folder_ / "in", folder_ / "set", "--size", "32"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("layout folder: 2 class folders"), HasSubstr("1 files that are no pictures"),
                                HasSubstr("1 of 2 classes have a single picture"), HasSubstr("1 of 3 are set apart")));
}

TEST_F(PrepareCommandTest, SaysWhenOnlyTheFirstPicturesAreOfOneSize) {
  const auto square = [&](const std::string& name, std::int64_t side) {
    const std::vector<std::uint8_t> bytes =
        encode_ppm({side, side, std::vector<std::uint8_t>(static_cast<std::size_t>(side * side * 3), 99)});
    folder_.write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  for (int i = 0; i < 48; ++i) square(fmt::format("in/{}/{:02}.ppm", i < 24 ? "a" : "b", i), i == 1 ? 80 : 64);
  CommandResult result = prepare({folder_ / "in", folder_ / "set"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("64 x 64 pixels, the source's own size"),
                    HasSubstr("warning: a/01.ppm: 80 x 80 pixels, where those looked at first had 64 x 64: it and all others")));
  result = prepare({folder_ / "in", folder_ / "other", "--size", "64"});
  EXPECT_THAT(result.err, testing::Not(HasSubstr("where those looked at first")));
}

TEST_F(PrepareCommandTest, SinglePicturesLeaveNoValidation) {
  for (const char* name : {"in/a/1.ppm", "in/b/1.ppm"}) picture(name);
  const CommandResult result = prepare({folder_ / "in", folder_ / "set", "--size", "32"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("warning: no validation split"));
}

TEST_F(PrepareCommandTest, WarnsOfWhatItLeavesOut) {
  for (const char* name : {"in/train/a/1.ppm", "in/train/b/1.ppm", "in/train/loose.ppm", "in/val/a/1.ppm", "in/test/images/1.ppm"})
    picture(name);
  folder_.write("in/train/empty/note.txt", "");
  for (int i = 0; i < 22; ++i) folder_.write(fmt::format("in/train/a/bad{}.jpg", i), "a letter");
  const CommandResult result = prepare({folder_ / "in", folder_ / "set", "--size", "32", "--max-bad", "30"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* words : {"in/test: left out: none of its folders is a class of train", "in/train: no class: no picture in empty\n",
                            "in/train: 1 picture lies in no class folder, left out", ".jpg: a text file",
                            "warning: more bad files: no further ones are named here\n"})
    EXPECT_THAT(result.err, HasSubstr(words));
}

TEST_F(PrepareCommandTest, NamesWhatIsMissing) {
  expect_refused(prepare({}), ExitCode::command_line, {"SOURCE"});
  expect_refused(prepare({folder_ / "in"}), ExitCode::command_line, {"OUT is missing"});
  expect_refused(prepare({folder_ / "in", folder_ / "set"}), ExitCode::no_input, {folder_ / "in", "no such file or folder"});
  std::filesystem::create_directory(folder_ / "in");
  expect_refused(prepare({folder_ / "in", folder_ / "set"}), ExitCode::bad_data, {folder_ / "in", "no class folders"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "set"));
}

TEST_F(PrepareCommandTest, NamesBadPictures) {
  for (const char* name : {"in/a/1.ppm", "in/a/2.ppm", "in/b/1.ppm", "in/b/2.ppm", "in/b/3.ppm", "in/b/4.ppm"}) picture(name);
  folder_.write("in/b/letter.jpg", "Dear reader,");
  folder_.write("in/b/empty.jpg", "");
  const CommandResult result = prepare({folder_ / "in", folder_ / "set", "--size", "32"});
  expect_refused(result, ExitCode::bad_data, {"2 of 8 pictures", "b/letter.jpg: a text file", "b/empty.jpg: an empty file", "--max-bad"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "set"));
  const CommandResult allowed = prepare({folder_ / "in", folder_ / "set", "--size", "32", "--max-bad", "50%"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_THAT(allowed.out, HasSubstr("bad files  2, listed in bad_files.jsonl"));
}

TEST_F(PrepareCommandTest, RefusesWrongWords) {
  expect_refused(prepare({"drawn:classes=99", folder_ / "set"}), ExitCode::command_line, {"classes=99", "from 2 to 12"});
  expect_refused(prepare({"drawn:pictures=99", folder_ / "set"}), ExitCode::command_line, {"'pictures'"});
  expect_refused(prepare({"drawn:", folder_ / "set", "--layout", "squares"}), ExitCode::command_line, {"squares", "auto, drawn, kaggle"});
  expect_refused(prepare({"drawn:", folder_ / "set", "--max-bad", "few"}), ExitCode::command_line, {"--max-bad few"});
  expect_refused(prepare({"drawn:", folder_ / "set", "--size", "big"}), ExitCode::command_line, {"--size", "big"});
}

TEST_F(PrepareCommandTest, RefusesAnOutputThatExistsAndVerifiesIt) {
  const std::vector<std::string> arguments = {"drawn:classes=3,train=30,val=9", folder_ / "set"};
  EXPECT_EQ(prepare(arguments).exit_code, 0);
  expect_refused(prepare(arguments), ExitCode::output_exists, {folder_ / "set", "holds a data set already"});

  CommandResult result = prepare({"--verify", folder_ / "set"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("everything is as it was written"));
  std::filesystem::resize_file(folder_ / "set/val-000000.tar", 2048);
  result = prepare({"drawn:classes=3,train=30,val=9", folder_ / "set", "--verify"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("damaged: val-000000.tar: 2048 bytes"));
  result = prepare({"--verify", folder_ / "set", "--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(nlohmann::json::parse(result.out).at("whole"), false);
}

TEST_F(PrepareCommandTest, AFullDiskLeavesNothing) {
  for (const std::uint64_t limit : {1000ULL, 45'000ULL}) {
    RunOptions options;
    options.file_size_limit_bytes = limit;
    const CommandResult result =
        prepare({"drawn:classes=3,train=300,val=9", folder_ / "set", "--size", limit < 2000 ? "16" : "64"}, options);
    expect_refused(result, ExitCode::io_failed, {folder_ / "set", "writing failed", "File too large"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "set"));
  }
}

}  // namespace
}  // namespace alexnet
