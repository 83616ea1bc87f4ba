// alexnet bench, as a user runs it: what it prints, never how fast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

using nlohmann::json;
using testing::HasSubstr;

CommandResult bench(std::vector<std::string> args) {
  args.insert(args.begin(), {"bench", "step", "--config", ALEXNET_SOURCE_DIR "/configs/smoke.yaml", "--set", "model.num_classes=10",
                             "--steps", "2", "--warmup", "1"});
  return run_alexnet(args);
}

double sum_of(const json& ops, const std::string& key) {
  double sum = 0;
  for (const json& op : ops) sum += op.at(key).get<double>();
  return sum;
}

TEST(BenchCommand, TimesEveryPassOfATrainingStep) {
  const CommandResult result = bench({"--json", "--batch", "8"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json j = json::parse(result.out);
  EXPECT_EQ(j["batch"], 8);
  EXPECT_EQ(j["mode"], "train");
  EXPECT_EQ(j["dtype"], "f32");
  EXPECT_GT(j["images_per_s"].get<double>(), 0);
  EXPECT_LE(j["min"].get<double>(), j["max"].get<double>());
  EXPECT_GT(j["peak_resident_mib"].get<int>(), 1);
  EXPECT_NEAR(sum_of(j["ops"], "floor_ms"), j["floor_ms"].get<double>(), 0.05);
  EXPECT_NEAR(sum_of(j["ops"], "ms"), j["ops_ms"].get<double>(), 0.05);
  int forward = 0, backward = 0, update = 0;
  for (const json& op : j["ops"]) {
    forward += op["pass"] == "forward";
    backward += op["pass"] == "backward";
    update += op["pass"] == "update";
    EXPECT_GT(op["floor_ms"].get<double>() + op["mbyte"].get<double>(), 0) << op;
  }
  EXPECT_EQ(forward, backward + 1) << "only the pictures have no backward pass";
  EXPECT_EQ(update, 6) << "conv1, conv2, conv3, fc4, fc5, fc6";
}

TEST(BenchCommand, CountsTheWorkOfTheNetwork) {
  const json train = json::parse(bench({"--json", "--batch", "4"}).out),
             infer = json::parse(bench({"--json", "--batch", "4", "--mode", "infer"}).out);
  const json summary = json::parse(
      run_alexnet({"summary", "--config", ALEXNET_SOURCE_DIR "/configs/smoke.yaml", "--set", "model.num_classes=10", "--json"}).out);
  const double forward = 2 * 4 * summary["macs_forward"].get<double>() / 1e9,
               backward = 2 * 4 * summary["macs_backward"].get<double>() / 1e9;
  EXPECT_NEAR(sum_of(infer["ops"], "gflop"), forward, 1e-4);
  EXPECT_NEAR(sum_of(train["ops"], "gflop"), forward + backward, 1e-4);
  for (const json& op : infer["ops"]) EXPECT_EQ(op["pass"], "forward");
}

TEST(BenchCommand, PrintsATableForPeople) {
  const CommandResult result = bench({"--per-op"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* words : {"images/s (median of 2 steps", "floor ms", "conv1", "backward", "update", "GFLOP/s"}) {
    EXPECT_THAT(result.out, HasSubstr(words));
  }
  EXPECT_THAT(bench({}).out, testing::Not(HasSubstr("conv1")));
}

TEST(BenchCommand, RefusesWhatItDoesNotHave) {
  expect_refused(run_alexnet({"bench", "stepp"}), ExitCode::command_line, {"stepp"});
  expect_refused(bench({"--batch", "0"}), ExitCode::command_line, {"--batch"});
  expect_refused(bench({"--dtype", "bf16"}), ExitCode::unavailable, {"device.precision is bf16"});
  expect_refused(bench({"--backend", "cuda"}), ExitCode::unavailable, {"backend cuda"});
  expect_refused(bench({"--set", "train.batch_size=-3"}), ExitCode::configuration, {"train.batch_size"});
}

}  // namespace
}  // namespace alexnet
