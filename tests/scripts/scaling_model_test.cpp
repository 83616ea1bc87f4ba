// scripts/scaling_model on a network of two layers, small enough to do the arithmetic by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;

class ScalingModelTest : public testing::Test {
 protected:
  // In f32, for one image: "near" multiplies 10^6 times, "far" 2 * 10^6 and reads both columns' 1,000 values.
  ScalingModelTest() {
    program_ = folder_.write("alexnet", R"(#!/bin/sh
echo '{"columns": 2, "num_classes": 10, "parameters": 3000000, "layers": [
  {"name": "near", "type": "conv2d", "input": [1, 1, 3], "output": [1, 1, 1000], "macs": 1000000, "parameters": 1000000, "mixes_columns": false},
  {"name": "far", "type": "fully_connected", "input": [1, 1, 1000], "output": [1, 1, 10], "macs": 2000000, "parameters": 2000000, "mixes_columns": true}]}'
)");
    std::filesystem::permissions(program_, std::filesystem::perms::owner_all);
  }
  CommandResult run(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {ALEXNET_SOURCE_DIR "/scripts/scaling_model", "--alexnet", program_};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  }

  TemporaryFolder folder_;
  std::string program_;
};

// 1 TFLOP/s, and memory so fast that only arithmetic and the update count.
const std::vector<std::string> kMachine = {"--dtype", "f32",    "--tflops", "1", "--efficiency",  "1", "--memory-tb-s", "60", "--batch",
                                           "1000",    "--gpus", "1",        "2", "--nvlink-gb-s", "8", "--latency-us",  "0"};

TEST_F(ScalingModelTest, AddsUpArithmeticUpdateAndTraffic) {
  const CommandResult result = run(kMachine);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  // Forward 2 + 4 ms; backward 2 (no gradient to the picture) + 8 ms. Update: 20 bytes x 3 million / 60 TB/s = 1 us.
  EXPECT_THAT(result.out, HasSubstr("| 1 | 1 x 1 | 1,000 | 16,000 | 1 | 0 | 0 | 16,001 | 62.5 | 100 % |"));
  // Two replicas: each sends 8 MB of far's gradients (1,000 us) beside near's backward pass (1,000 us), then 4 MB of near's (500 us).
  EXPECT_THAT(result.out, HasSubstr("| 2 | 2 x 1 | 1,000 | 8,000 | 1 | 0 | 500 | 8,501 |"));
  // Two columns: half of 1,000 values of 1,000 images forward and back (250 us each), 5 logits of each image (2.5 us).
  EXPECT_THAT(result.out, HasSubstr("| 2 | 1 x 2 | 1,000 | 8,000 | 0 | 502 | 0 | 8,503 |"));
  EXPECT_THAT(result.out, HasSubstr("| far | 2,000 | 2,000 |"));
  EXPECT_THAT(result.out, HasSubstr("They send the same at a batch of 2,985."));  // 12 MB / 4,020 bytes
}

TEST_F(ScalingModelTest, RefusesWhatCannotBe) {
  expect_refused(run({"--batch", "0"}), ExitCode::command_line, {"scaling_model: --batch is 0, must be above 0"});
  expect_refused(run_command({ALEXNET_SOURCE_DIR "/scripts/scaling_model", "--alexnet", folder_ / "nothing"}), ExitCode::no_input,
                 {"nothing: there is no such executable"});
}

}  // namespace
}  // namespace alexnet
