// What `prepare` keeps beside the pictures for a run that goes on: progress, bad files, the time that is left.
#include <gtest/gtest.h>

#include <filesystem>

#include "alexnet/core/log.hpp"
#include "data/prepare_progress.hpp"
#include "data/prepare_report.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

TEST(PrepareReportTest, TellsTheTimeThatIsLeft) {
  EXPECT_EQ(time_left(130, 2), "1:05");
  EXPECT_EQ(time_left(1, 2), "");
  EXPECT_EQ(time_left(0, 0), "") << "all was read by an earlier run";
  EXPECT_EQ(time_left(10, 0), "");
}

TEST(PrepareReportTest, ForgetsBadFilesThatWereNotSaved) {
  const TemporaryFolder folder;
  const std::string list = folder.write("bad_files.jsonl", "as it was when the earlier run was killed\n");
  PrepareReport report("pictures", 10, 1, list);
  report.resume(4, 0, 0);
  EXPECT_EQ(report.sync(), 0U);
  EXPECT_FALSE(std::filesystem::exists(list)) << "the pictures may be repaired by now";
}

TEST(PrepareProgressTest, HoldsTheSumsOfLargePictures) {
  const TemporaryFolder folder;
  PrepareProgress progress;
  progress.plan = "plan";
  progress.splits["train"].bucket_bytes = {7, 0};
  progress.statistics.assign(7 + 3 * 1700 * 1700, 5);
  progress.statistics.back() = 9;
  save_progress(folder / "progress", progress);
  const auto loaded = load_progress(folder / "progress", progress);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->splits.at("train").bucket_bytes, progress.splits["train"].bucket_bytes);
  EXPECT_TRUE(loaded->statistics == progress.statistics);
}

TEST(PrepareProgressTest, BelongsToTheSizesThatATarTells) {
  const TemporaryFolder folder;
  const auto plan_of = [&](const std::string& picture) {
    std::string tar;
    for (const char* key : {"0", "1", "2"})
      tar += tar_member(key + std::string(".jpg"), picture) + tar_member(key + std::string(".cls"), key);
    folder.write("source/train-0.tar", tar + std::string(1024, '\0'));
    PrepareOptions options;
    options.source = folder / "source";
    return fresh_progress(plan_preparation(options), options).plan;
  };
  log::set_level(log::Level::quiet);
  const std::string plan = plan_of("four");
  EXPECT_EQ(plan_of("4444"), plan);
  EXPECT_NE(plan_of("five!"), plan);
  log::set_level(log::Level::info);
}

}  // namespace
}  // namespace alexnet
