// `alexnet prepare`, killed and run again.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "alexnet/data/decode.hpp"
#include "alexnet/io/files.hpp"
#include "data/picture_support.hpp"
#include "support/expect_error.hpp"
#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

class PrepareResumeTest : public testing::Test {
 protected:
  PrepareResumeTest() {
    for (int i = 0; i < 120; ++i) {
      const std::string name = fmt::format("{}/{:03}.jpg", i % 3 == 0 ? "cat" : "dog", i);
      const auto seed = static_cast<std::uint64_t>(i);
      folder_.write("pictures/" + name, i % 40 == 7 ? "no picture" : text_of(encode_jpeg(smooth_picture(170, 160 + i, seed), 90)));
    }
  }
  // Three shards of 1 MiB and a validation split; progress is saved as often as possible.
  CommandResult prepare(const std::string& out, const RunOptions& options = {}, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"prepare", folder_ / "pictures", folder_ / out, "--size",         "128", "--encoding",
                                     "raw",     "--shard-mib",        "1",           "--save-seconds", "0"};
    // Three of the pictures are bad.
    if (std::ranges::find(more, "--max-bad") == more.end()) args.insert(args.end(), {"--max-bad", "50"});
    args.insert(args.end(), more.begin(), more.end());
    return run_alexnet(args, options);
  }
  static RunOptions killed_after(double timeout_s) {
    RunOptions options;
    options.timeout_s = timeout_s;
    return options;
  }
  // Ends with an error of writing in the middle of the first pass, after progress was saved.
  static RunOptions full_disk() {
    RunOptions options;
    options.file_size_limit_bytes = 1'500'000;
    return options;
  }
  std::map<std::string, std::string> files(const std::string& out) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / out))
      files[fs::relative(entry.path(), folder_ / out)] = entry.is_regular_file() ? read_text_file(entry.path()) : "folder";
    return files;
  }
  // Names of files that one has and the other has not, or has otherwise.
  std::vector<std::string> differences(const std::string& out, const std::map<std::string, std::string>& expected) const {
    const auto found = files(out);
    std::vector<std::string> names;
    for (const auto& [name, content] : expected) {
      if (found.count(name) == 0 || found.at(name) != content) names.push_back(name);
    }
    for (const auto& [name, content] : found) {
      if (expected.count(name) == 0) names.push_back(name);
    }
    return names;
  }
  TemporaryFolder folder_;
};

// ALEXNET_KILLS: how many, 10 unless told.
TEST_F(PrepareResumeTest, EndsTheSameHoweverOftenItWasKilled) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(prepare("whole").exit_code, 0);
  const double whole_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto expected = files("whole");
  ASSERT_EQ(expected.count("train-000002.tar"), 1U);
  ASSERT_EQ(expected.count("bad_files.jsonl"), 1U);

  const char* wanted = std::getenv("ALEXNET_KILLS");
  const int num_wanted = wanted != nullptr ? std::atoi(wanted) : 10;
  std::mt19937 random(std::random_device{}());
  std::uniform_real_distribution<double> moment(0.0, whole_s);
  int num_kills = 0, num_resumed = 0;
  for (int round = 0; num_kills < num_wanted; ++round) {
    const std::string out = fmt::format("killed-{}", round);
    for (;;) {
      const CommandResult result = prepare(out, killed_after(moment(random)));
      num_resumed += result.err.find("going on after") != std::string::npos ? 1 : 0;
      if (result.exit_code == 0) break;
      ASSERT_EQ(result.exit_code, 137) << result.err;
      ++num_kills;
      if (fs::exists(folder_ / (out + "/dataset.json")) && !fs::exists(folder_ / (out + "/.partial"))) break;  // killed when all was done
      ASSERT_LT(num_kills, 50 * (num_wanted + 1)) << "it never comes to an end";
    }
    ASSERT_THAT(differences(out, expected), testing::IsEmpty()) << "after " << num_kills << " kills";
    fs::remove_all(folder_ / out);
  }
  RecordProperty("kills", num_kills);
  RecordProperty("resumed", num_resumed);
}

TEST_F(PrepareResumeTest, GoesOnAfterAFullDisk) {
  ASSERT_EQ(prepare("whole").exit_code, 0);
  expect_refused(prepare("full", full_disk()), ExitCode::io_failed,
                 {"/full/.partial/train-bucket-000: writing failed: File too large; make room, and the same command goes on from there"});
  EXPECT_TRUE(fs::exists(folder_ / "full/.partial/progress"));
  const CommandResult again = prepare("full");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, testing::HasSubstr("full: going on after "));
  EXPECT_THAT(differences("full", files("whole")), testing::IsEmpty());
}

// As a kill in the middle of the last renamings leaves it.
TEST_F(PrepareResumeTest, EndsRenamingThatWasKilled) {
  ASSERT_EQ(prepare("whole").exit_code, 0);
  const auto expected = files("whole");
  for (const bool manifest_moved : {false, true}) {
    folder_.write("whole/.partial/finished", "");
    if (!manifest_moved) {
      fs::rename(folder_ / "whole/train.tsv", folder_ / "whole/.partial/train.tsv");
      fs::rename(folder_ / "whole/dataset.json", folder_ / "whole/.partial/dataset.json");
    }
    EXPECT_EQ(prepare("whole").exit_code, 0);
    EXPECT_THAT(differences("whole", expected), testing::IsEmpty());
  }
}

class PrepareProgressTest : public PrepareResumeTest {
 protected:
  // Leaves a preparation in the middle.
  PrepareProgressTest() { prepare("set", full_disk()); }
  std::string progress() const { return folder_ / "set/.partial/progress"; }
};

TEST_F(PrepareProgressTest, BelongsToItsOptions) {
  const std::string before = read_text_file(progress());
  expect_refused(prepare("set", {}, {"--seed", "7"}), ExitCode::output_exists,
                 {"/set/.partial: belongs to a preparation with --size 128", "--seed 1, not ", "--seed 7: finish that one, or remove"});
  EXPECT_EQ(read_text_file(progress()), before);
}

TEST_F(PrepareProgressTest, BelongsToItsPictures) {
  fs::remove(folder_ / "pictures/cat/003.jpg");
  expect_refused(prepare("set"), ExitCode::output_exists, {"/set/.partial: belongs to a preparation of other pictures or classes"});
}

// An earlier run may have been allowed more bad files. That is no reason to throw away what it did.
TEST_F(PrepareResumeTest, KeepsWhatWasDoneWhenFewerBadFilesAreAllowed) {
  for (int i = 0; i < 30; i += 3) folder_.write(fmt::format("pictures/cat/{:03}.jpg", i), "no picture");
  ASSERT_EQ(prepare("set", full_disk()).exit_code, 74);
  expect_refused(prepare("set", {}, {"--max-bad", "1"}), ExitCode::bad_data,
                 {"/set/.partial: an earlier run found ", " bad files (bad_files.jsonl there), --max-bad allows 1: raise it, or remove"});
  EXPECT_THAT(prepare("set").err, testing::HasSubstr("going on after "));
}

TEST_F(PrepareResumeTest, GoesOnWhereTooManyBadFilesStoppedIt) {
  for (int i = 60; i < 120; i += 3) folder_.write(fmt::format("pictures/cat/{:03}.jpg", i), "no picture");
  ASSERT_EQ(prepare("whole").exit_code, 0);
  expect_refused(prepare("set", {}, {"--max-bad", "15"}), ExitCode::bad_data,
                 {" pictures looked at cannot be read, --max-bad allows 15: ", "; repair or remove them and start again without ",
                  "/set/.partial, or raise --max-bad: then the same command goes on"});
  const CommandResult again = prepare("set");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, testing::HasSubstr("set: going on after "));
  EXPECT_THAT(differences("set", files("whole")), testing::IsEmpty());
}

TEST_F(PrepareProgressTest, MayBeDamaged) {
  const std::string whole = read_text_file(progress());
  std::string edited = whole;  // by hand
  edited[whole.find("\"num_read\":") + 11] = '9';
  for (const std::string& content : {std::string("{}"), std::string(), whole.substr(0, whole.size() - 8), edited}) {
    folder_.write("set/.partial/progress", content);
    expect_refused(prepare("set"), ExitCode::io_failed, {"/set/.partial/progress: damaged or changed: remove ", " and start again"});
  }
  folder_.write("set/.partial/progress", whole);
  const std::string bucket = read_text_file(folder_ / "set/.partial/train-bucket-000");
  folder_.write("set/.partial/train-bucket-000", "short");
  expect_refused(prepare("set"), ExitCode::io_failed,
                 {"/train-bucket-000: 5 bytes, ", " were written: remove ", "/set/.partial and start again"});
  std::string wrong = bucket;
  wrong[0] = wrong[1] = wrong[2] = wrong[3] = '\xff';
  folder_.write("set/.partial/train-bucket-000", wrong);
  expect_refused(prepare("set"), ExitCode::io_failed, {"/train-bucket-000: damaged or not readable: remove "});
}

}  // namespace
}  // namespace alexnet
