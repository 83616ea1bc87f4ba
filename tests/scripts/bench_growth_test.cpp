// scripts/bench_growth with a program in alexnet's place whose steps take exactly 10 ms and 2 ms an image (at 100 x 100 pixels).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/expect_error.hpp"
#include "support/smoke.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;

class BenchGrowthTest : public testing::Test {
 protected:
  BenchGrowthTest() {
    program_ = folder_.write("alexnet", R"(#!/usr/bin/env python3
import sys
word = lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default
size = int(word("--set", "data.crop=100").split("=")[1])
ms = (10 + 2 * int(word("--batch", "1")) * size * size / 10000) / int(word("--threads", "1"))
print('{"step_ms": %f, "floor_ms": %f}' % (ms, ms / 2))
)");
    std::filesystem::permissions(program_, std::filesystem::perms::owner_all);
  }
  CommandResult run(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {ALEXNET_SOURCE_DIR "/scripts/bench_growth", "--alexnet", program_};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  }

  TemporaryFolder folder_;
  std::string program_;
};

TEST_F(BenchGrowthTest, FindsTheLineThatTheStepsLieOn) {
  const CommandResult batches = run({"--only", "batch", "--batches", "1", "8", "64", "--json", folder_ / "growth.json"});
  ASSERT_EQ(batches.exit_code, 0) << batches.err;
  EXPECT_THAT(batches.out, HasSubstr("| 8 | 26.0 | 307.7 | 50 % | 26.0 | 1.00 |"));
  EXPECT_THAT(batches.out, HasSubstr("Line: 10.0 ms + 2.00 ms an image (500.0 images/s for ever larger batches)."));
  EXPECT_THAT(read_file(folder_ / "growth.json"), HasSubstr("\"64\""));

  const CommandResult sizes = run({"--only", "size", "--sizes", "50", "100", "200", "--size-batch", "4"});
  EXPECT_THAT(sizes.out, HasSubstr("| 200 x 200 | 42.0 | 95.2 | 50 % | 42.0 | 1.00 |"));
  EXPECT_THAT(sizes.out, HasSubstr("Line: 10.0 ms + 200 us for 1,000 pixels of an image."));
}

TEST_F(BenchGrowthTest, ComparesThreads) {
  const CommandResult result = run({"--only", "threads", "--batch", "5"});
  EXPECT_THAT(result.out, HasSubstr("| 1 | 20 | 250.0 | 1.00 |"));
  if (std::thread::hardware_concurrency() > 1) {
    EXPECT_THAT(result.out, HasSubstr("| 2 | 10 | 500.0 | 2.00 |"));
  }
}

TEST_F(BenchGrowthTest, RefusesASeriesOfOne) {
  expect_refused(run({"--batches", "4"}), ExitCode::command_line, {"bench_growth: --batches: two different numbers at least, from 1"});
  expect_refused(run({"--sizes", "64", "64"}), ExitCode::command_line, {"bench_growth: --sizes: two different numbers at least"});
}

}  // namespace
}  // namespace alexnet
