// alexnet bench, as a user runs it: what it prints, never how fast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/bf16.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

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

CommandResult bench_loader(std::vector<std::string> args) {
  args.insert(args.begin(), {"bench", "loader", "--seconds", "0.001", "--rounds", "1", "--images", "30", "--batch", "8"});
  return run_alexnet(args);
}

void expect_stages(const json& set, const std::string& shards, const std::vector<int>& threads) {
  std::vector<std::string> names;
  for (const json& stage : set["stages"]) {
    names.push_back(fmt::format("{} {}", stage["stage"].get<std::string>(), stage["threads"].get<int>()));
    for (const char* key : {"images_per_s", "images_per_core_s", "mbyte_per_s", "floor_images_per_core_s", "share_of_floor"})
      EXPECT_GT(stage[key].get<double>(), 0) << stage;
  }
  std::vector<std::string> expected;
  for (const int t : threads) {
    for (const std::string& name :
         {shards + " -> uint8", std::string("crop, flip -> uint8"), std::string("input op -> float"), shards + " -> float"})
      expected.push_back(fmt::format("{} {}", name, t));
  }
  EXPECT_EQ(names, expected);
}

TEST(BenchCommand, TimesStepsInBf16) {
  ALEXNET_NEEDS_BF16();
  const CommandResult result = bench({"--dtype", "bf16", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json j = json::parse(result.out);
  EXPECT_EQ(j["dtype"], "bf16");
  EXPECT_GT(j["images_per_s"].get<double>(), 0);
}

TEST(BenchCommand, TimesOpsByThemselves) {
  const auto ops = [](std::vector<std::string> args) {
    args.insert(args.begin(), {"bench", "ops", "--backend", "onednn", "--batch", "2"});
    return run_alexnet(args);
  };
  const CommandResult result = ops({"--op", "max_pool", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json j = json::parse(result.out);
  EXPECT_EQ(j["batch"], 2);
  ASSERT_EQ(j["ops"].size(), 6) << "three pools, two passes";
  for (const json& op : j["ops"]) {
    EXPECT_EQ(op["op"], "max_pool");
    EXPECT_GT(op["ms"].get<double>(), 0) << op;
    EXPECT_GE(op["ms"], op["shortest_ms"]) << op;
    EXPECT_GE(op["rounds"], 5) << op;
  }
  const double elements = 2 * (55 * 55 + 1.25 * 27 * 27) * 96;
  EXPECT_NEAR(j["ops"][0]["mbyte"].get<double>(), 4 * elements / 1e6, 1e-3);
  EXPECT_THAT(ops({"--op", "sgd"}).out, AllOf(HasSubstr("weights of fc6"), HasSubstr("floor: the longer of")));
  const json fully_connected = json::parse(ops({"--op", "fully_connected", "--json"}).out)["ops"];
  ASSERT_EQ(fully_connected.size(), 9);
  EXPECT_NEAR(fully_connected[0]["gflop"].get<double>(), 2 * 2 * 9216 * 4096 / 1e9, 1e-6);
  const CommandResult beside = ops({"--op", "sgd", "--beside", "onednn"});
  EXPECT_THAT(beside.out, AllOf(HasSubstr("beside it, and how many times as long: oneDNN"), HasSubstr("onednn ms")));
  const json two = json::parse(ops({"--op", "sgd", "--beside", "onednn", "--json"}).out);
  EXPECT_EQ(two["beside"]["backend"], "onednn");
  EXPECT_GT(two["ops"][0]["beside_ms"].get<double>(), 0);
  EXPECT_FALSE(j["ops"][0].contains("beside_ms"));
  expect_refused(ops({"--op", "sgd", "--beside", "cudann"}), ExitCode::configuration, {"backend cudann: unknown (did you mean cudnn?)"});
  expect_refused(ops({"--op", "conv3d"}), ExitCode::command_line, {"--op conv3d: unknown; one of conv2d, "});
}

TEST(BenchCommand, TimesTheLoaderOnDrawnPictures) {
  TemporaryFolder folder;
  RunOptions options;
  options.env = {{"TMPDIR", folder.path().string()}};
  const CommandResult result =
      run_alexnet({"bench", "loader", "--seconds", "0.001", "--rounds", "1", "--images", "30", "--batch", "8", "--json"}, options);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json sets = json::parse(result.out)["sets"];
  ASSERT_EQ(sets.size(), 2U);
  expect_stages(sets[0], "JPEG shards", {1, std::max(2, static_cast<int>(std::thread::hardware_concurrency()))});
  expect_stages(sets[1], "raw shards", {1, std::max(2, static_cast<int>(std::thread::hardware_concurrency()))});
  EXPECT_EQ(sets[1]["stored_bytes"], 256 * 256 * 3 + 15);
  EXPECT_EQ(sets[1]["crop"], 224);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the drawn pictures are gone";
}

TEST(BenchCommand, TimesTheLoaderOnADataSet) {
  TemporaryFolder folder;
  write_small_dataset(folder / "set", {.size = 16});
  const CommandResult one = bench_loader({"--data", folder / "set", "--workers", "1", "--json"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  expect_stages(json::parse(one.out)["sets"][0], "raw shards", {1});
  const CommandResult table = bench_loader({"--data", folder / "set", "--workers", "3"});
  for (const char* words :
       {"raw pictures of 16 x 16", "crops of 14, batch 8", "per core", "of floor", "raw shards -> uint8", "copy of the crop"})
    EXPECT_THAT(table.out, HasSubstr(words));
}

TEST(BenchCommand, RefusesAFolderThatIsNoDataSet) {
  TemporaryFolder folder;
  expect_refused(bench_loader({"--data", folder / "none"}), ExitCode::no_input, {folder / "none", "no dataset.json"});
  RunOptions options;
  options.env = {{"TMPDIR", folder / "none"}};
  expect_refused(run_alexnet({"bench", "loader"}, options), ExitCode::io_failed,
                 {"no temporary folder for drawn pictures: ", "give --data OUT, or set TMPDIR"});
}

TEST(BenchCommand, RefusesWhatItDoesNotHave) {
  expect_refused(run_alexnet({"bench", "stepp"}), ExitCode::command_line, {"no command stepp", "did you mean step"});
  expect_refused(run_alexnet({"bench"}), ExitCode::command_line, {"subcommand is required"});
  expect_refused(bench_loader({"--batch", "0"}), ExitCode::command_line, {"--batch"});
  expect_refused(bench({"--batch", "0"}), ExitCode::command_line, {"--batch"});
  expect_refused(bench({"--dtype", "tf32"}), ExitCode::unavailable, {"device.precision is tf32"});
  expect_refused(bench({"--backend", "cuda"}), ExitCode::unavailable, {"backend cuda"});
  expect_refused(bench({"--set", "train.batch_size=-3"}), ExitCode::configuration, {"train.batch_size"});
}

}  // namespace
}  // namespace alexnet
