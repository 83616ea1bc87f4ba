// `alexnet train` as a user runs it: runs, resumes, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "alexnet/io/safetensors.hpp"
#include "support/bf16.hpp"
#include "support/expect_error.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// One run of 20 steps, the reference of the tests below.
const std::string& whole_run() {
  static const std::string run = [] {
    const CommandResult result = smoke().train("whole");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::string("whole");
  }();
  return run;
}

TEST(TrainCommandTest, WritesARunDirectory) {
  const fs::path run = smoke() / whole_run();
  for (const char* name : {"config.yaml", "environment.json", "train.log", "metrics.jsonl", "summary.json", "last.safetensors",
                           "best.safetensors", "checkpoints/step-00000020.safetensors"}) {
    EXPECT_TRUE(fs::exists(run / name)) << name;
  }
  const auto summary = nlohmann::json::parse(read_file(run / "summary.json"));
  EXPECT_EQ(summary["state"], "done");
  EXPECT_EQ(summary["exit_code"], 0);
  EXPECT_EQ(summary["step"], 20);
  EXPECT_GT(summary["images_per_s"].get<double>(), 0);
  EXPECT_TRUE(summary["last"]["top5_error"].is_null()) << "four classes have no top-5 error";
  const std::string log = read_file(run / "train.log");
  EXPECT_THAT(log, HasSubstr("first batch: loss"));
  EXPECT_THAT(log, HasSubstr("ln(4) = 1.3863"));
  std::size_t num_checkpoints = 0;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) num_checkpoints += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(num_checkpoints, 2U) << "checkpoint.keep";
}

TEST(TrainCommandTest, MetricsTellWhatHappenedWhen) {
  whole_run();
  std::map<std::string, std::vector<nlohmann::json>> by_kind;
  std::ifstream file(smoke() / "whole/metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    by_kind[json["kind"]].push_back(json);
  }
  ASSERT_EQ(by_kind["train"].size(), 20U);
  EXPECT_EQ(by_kind["train"][11]["learning_rate"].get<double>(), 0.01);
  EXPECT_NEAR(by_kind["train"][13]["learning_rate"].get<double>(), 0.001, 1e-12);
  EXPECT_EQ(by_kind["train"][19]["images"], 320);
  EXPECT_EQ(by_kind["train"][19]["epoch"].get<double>(), 2.0);
  ASSERT_EQ(by_kind["validation"].size(), 2U);
  EXPECT_EQ(by_kind["validation"][0]["step"], 10);
  ASSERT_EQ(by_kind["layers"].size(), 4U);
  for (const auto& layer : by_kind["layers"][0]["layers"]) {
    EXPECT_GT(layer["gradient_norm"].get<double>(), 0) << layer;
    EXPECT_GT(layer["update_ratio"].get<double>(), 0) << layer;
  }
  EXPECT_EQ(by_kind["start"].size(), 1U);
  EXPECT_EQ(by_kind["end"].size(), 1U);
}

TEST(TrainCommandTest, TenStepsAndTenMoreAreTwentyByteForByte) {
  whole_run();
  ASSERT_EQ(smoke().train("parts", {"--set", "train.max_steps=10"}).exit_code, 0);
  const CommandResult resumed = smoke().train("parts", {"--resume"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("goes on from parts/last.safetensors, step 10"));
  EXPECT_THAT(resumed.err, HasSubstr("changed since the checkpoint: train.max_steps"));
  EXPECT_EQ(read_file(smoke() / "parts/last.safetensors"), read_file(smoke() / "whole/last.safetensors"));
  EXPECT_EQ(training_lines(smoke() / "parts/metrics.jsonl"), training_lines(smoke() / "whole/metrics.jsonl"));
}

// The first and the last training loss in a run's metrics.
std::pair<double, double> first_and_last_loss(const std::string& run) {
  std::vector<double> losses;
  std::ifstream file(smoke() / (run + "/metrics.jsonl"));
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json["kind"] == "train") losses.push_back(json["loss"].get<double>());
  }
  return {losses.at(0), losses.back()};
}

TEST(TrainCommandTest, ARunInBf16LearnsAndGoesOnInF32AndBack) {
  ALEXNET_NEEDS_BF16();
  // 32 pictures by heart: all layers learn, nothing is drawn anew.
  const auto train = [](std::vector<std::string> more) {
    for (const char* set : {"schedule.kind=constant", "schedule.learning_rate=0.03", "data.color_noise.std=0", "model.layers.drop4.rate=0",
                            "model.layers.drop5.rate=0", "model.layers.conv1.lr_mult=1", "model.layers.conv1.weights.std=0.1",
                            "model.defaults.weights.std=0.1", "data.flip=false", "data.random_crop=false", "data.limit=32"}) {
      more.insert(more.end(), {"--set", set});
    }
    return smoke().train("precisions", more);
  };
  const CommandResult begun = train({"--set", "device.precision=bf16", "--set", "train.epochs=10"});
  ASSERT_EQ(begun.exit_code, 0) << begun.err;
  EXPECT_THAT(begun.err, HasSubstr("bf16 activations: oneDNN computes with"));
  const CommandResult in_f32 = train({"--resume", "--set", "device.precision=f32", "--set", "train.epochs=15"});
  ASSERT_EQ(in_f32.exit_code, 0) << in_f32.err;
  EXPECT_THAT(in_f32.err, HasSubstr("changed since the checkpoint: "));
  EXPECT_THAT(in_f32.err, HasSubstr("device.precision"));
  const CommandResult back = train({"--resume", "--set", "device.precision=bf16", "--set", "train.epochs=25"});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  const auto [first, last] = first_and_last_loss("precisions");
  EXPECT_GT(first, 1.2);
  EXPECT_LT(last, 0.7);

  const auto loss = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"eval", "--checkpoint", "precisions", "--json"});
    const CommandResult result = smoke().run(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out)["loss"].get<double>();
  };
  const double in_its_own = loss({}), otherwise = loss({"--dtype", "f32"});
  EXPECT_NE(in_its_own, otherwise);
  EXPECT_NEAR(in_its_own, otherwise, 0.05 * otherwise);
}

TEST(TrainCommandTest, TenStepsAndTenMoreAreTwentyInBf16Too) {
  ALEXNET_NEEDS_BF16();
  const auto train = [](const std::string& run, std::vector<std::string> more) {
    more.insert(more.end(), {"--set", "device.precision=bf16"});
    return smoke().train(run, more).exit_code;
  };
  ASSERT_EQ(train("bf16_whole", {}), 0);
  ASSERT_EQ(train("bf16_parts", {"--set", "train.max_steps=10"}), 0);
  ASSERT_EQ(train("bf16_parts", {"--resume"}), 0);
  EXPECT_EQ(read_file(smoke() / "bf16_parts/last.safetensors"), read_file(smoke() / "bf16_whole/last.safetensors"));
}

TEST(TrainCommandTest, Bf16TakesAvx512) {
  RunOptions options;
  options.env = {{"ONEDNN_MAX_CPU_ISA", "AVX2"}};
  expect_refused(smoke().train("avx2", {"--set", "device.backend=onednn", "--set", "device.precision=bf16"}, options),
                 ExitCode::unavailable, {"device.precision is bf16: oneDNN computes in it with AVX-512 alone", "set device.precision=f32"});
}

TEST(TrainCommandTest, AStopInTheMiddleOfAnEpochChangesNothing) {
  whole_run();
  ASSERT_EQ(smoke().train("uneven", {"--set", "train.max_steps=13", "--set", "train.log_every_steps=4"}).exit_code, 0);
  ASSERT_EQ(smoke().train("uneven", {"--resume"}).exit_code, 0);
  EXPECT_EQ(read_file(smoke() / "uneven/last.safetensors"), read_file(smoke() / "whole/last.safetensors"));
}

TEST(TrainCommandTest, ARunRepeatsFromItsOwnConfig) {
  whole_run();
  const CommandResult result = smoke().run({"train", "--config", "whole/config.yaml", "--run-dir", "again"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read_file(smoke() / "again/last.safetensors"), read_file(smoke() / "whole/last.safetensors"));
}

TEST(TrainCommandTest, ResumeTakesTheConfigFromTheRun) {
  ASSERT_EQ(smoke().train("short", {"--set", "train.max_steps=3"}).exit_code, 0);
  const CommandResult result = smoke().run({"train", "--run-dir", "short", "--resume", "--set", "train.max_steps=5"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::exists(smoke() / "short/checkpoints/step-00000005.safetensors"));
}

TEST(TrainCommandTest, ResumeWithNothingThereStartsAfreshAndSaysSo) {
  const CommandResult result = smoke().train("afresh", {"--resume", "--set", "train.max_steps=1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("no last.safetensors there: the run starts afresh"));
}

TEST(TrainCommandTest, LossesOfTenStepsAreGolden) {
  // From a run of a commit whose networks agreed with PyTorch (tests/agreement), on a Zen 4; other CPUs round differently.
  whole_run();
  std::ifstream golden(std::string(ALEXNET_SOURCE_DIR) + "/tests/golden/smoke_losses.txt");
  std::ifstream metrics(smoke() / "whole/metrics.jsonl");
  std::vector<double> losses;
  for (std::string line; std::getline(metrics, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json["kind"] == "train") losses.push_back(json["loss"]);
  }
  int compared = 0;
  for (double expected; golden >> expected; ++compared)
    EXPECT_NEAR(losses.at(static_cast<std::size_t>(compared)), expected, 2e-4) << "step " << compared + 1;
  EXPECT_EQ(compared, 10);
}

TEST(TrainCommandTest, MaxMinutesLeavesWithACheckpoint) {
  const CommandResult result = smoke().train("timed", {"--set", "train.max_minutes=0.00001"});
  EXPECT_EQ(result.exit_code, 75) << result.err;
  EXPECT_THAT(result.err, HasSubstr("stopped by train.max_minutes at step 1"));
  EXPECT_TRUE(fs::exists(smoke() / "timed/last.safetensors"));
}

TEST(TrainCommandTest, FineTuningStartsFromOtherWeights) {
  whole_run();
  const CommandResult result = smoke().train("tuned", {"--init", "whole", "--init-skip", "fc6", "--set", "train.max_steps=1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("starts from the weights of whole/best.safetensors"));
  expect_refused(smoke().train("tuned2", {"--init", "nowhere", "--set", "train.max_steps=1"}), ExitCode::no_input, {"checkpoint nowhere"});
}

TEST(TrainCommandTest, DivergenceIsNamedAndTheGoodCheckpointStands) {
  const CommandResult result = smoke().train("diverged", {"--set", "schedule.learning_rate=1000", "--set", "checkpoint.every_steps=1"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("training diverged by step"));
  EXPECT_THAT(result.err, HasSubstr("lower schedule.learning_rate"));
  EXPECT_EQ(nlohmann::json::parse(read_file(smoke() / "diverged/summary.json"))["state"], "diverged");
}

// A fused ReLU hides a NaN from the loss; the weights are looked at before a checkpoint is written.
TEST(TrainCommandTest, WeightsThatAreNotFiniteAreFoundThoughTheLossIs) {
  whole_run();
  const SafetensorsFile file(smoke() / "whole/last.safetensors");
  std::vector<std::vector<float>> values;
  std::vector<SafetensorsEntry> entries;
  for (const std::string& name : file.names()) {
    values.push_back(file.read_f32(name));
    if (name == "conv1.weight") values.back().assign(values.back().size(), std::nanf(""));
    entries.push_back({name, Tensor(values.back().data(), file.shape(name), DType::f32)});
  }
  write_safetensors(smoke() / "poisoned.safetensors", entries, {{"alexnet", file.metadata().at("alexnet")}});
  const CommandResult result = smoke().train("poisoned", {"--init", "poisoned.safetensors", "--set", "train.max_steps=1"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("conv1.weight holds values that are not finite"));
  EXPECT_FALSE(fs::exists(smoke() / "poisoned/last.safetensors"));
}

TEST(TrainCommandTest, AnExistingRunIsRefused) {
  whole_run();
  const std::string before = read_file(smoke() / "whole/metrics.jsonl");
  expect_refused(smoke().train("whole"), ExitCode::output_exists, {"run directory whole holds a run already: add --resume"});
  EXPECT_EQ(read_file(smoke() / "whole/metrics.jsonl"), before);
}

TEST(TrainCommandTest, MustResumeNeedsACheckpoint) {
  expect_refused(smoke().train("absent", {"--resume=must"}), ExitCode::no_input, {"--resume=must, but there is no last.safetensors"});
  expect_refused(smoke().train("absent", {"--resume=perhaps"}), ExitCode::command_line, {"--resume=perhaps", "--resume=must"});
}

TEST(TrainCommandTest, AConfigIsNeeded) {
  expect_refused(smoke().run({"train"}), ExitCode::command_line, {"--config is missing"});
  expect_refused(smoke().run({"train", "--run-dir", "empty", "--resume"}), ExitCode::no_input,
                 {"empty/config.yaml: there is no such file"});
  expect_refused(smoke().run({"train", "--config", "nowhere.yaml"}), ExitCode::no_input, {"nowhere.yaml"});
}

TEST(TrainCommandTest, ADataSetIsNeeded) {
  expect_refused(smoke().train("r1", {"--set", "data.path=nowhere"}), ExitCode::no_input, {"nowhere", "alexnet prepare"});
}

TEST(TrainCommandTest, ATrainingSplitIsNeeded) {
  fs::copy(smoke() / "data/smoke", smoke() / "untrained", fs::copy_options::recursive);
  auto manifest = nlohmann::json::parse(read_file(smoke() / "untrained/dataset.json"));
  manifest["splits"].erase("train");
  smoke().folder().write("untrained/dataset.json", manifest.dump());
  expect_refused(smoke().train("r7", {"--set", "data.path=untrained"}), ExitCode::bad_data,
                 {"data set untrained: it has no training split"});
}

TEST(TrainCommandTest, ClassesMustAgree) {
  expect_refused(smoke().train("r2", {"--set", "model.num_classes=7"}), ExitCode::configuration,
                 {"model.num_classes is 7", "has 4 classes", "--set model.num_classes=auto"});
}

TEST(TrainCommandTest, ACropLargerThanThePicturesIsRefused) {
  expect_refused(smoke().train("r3", {"--set", "data.crop=33"}), ExitCode::configuration, {"data.crop is 33", "32x32"});
}

TEST(TrainCommandTest, ABatchLargerThanTheDataSetIsRefused) {
  expect_refused(smoke().train("r4", {"--set", "train.batch_size=161"}), ExitCode::configuration,
                 {"train.batch_size is 161", "160 training pictures"});
  expect_refused(smoke().train("r4", {"--set", "data.limit=10"}), ExitCode::configuration, {"10 training pictures", "within data.limit"});
}

TEST(TrainCommandTest, BackendsThatAreNotBuiltAreNamed) {
  expect_refused(smoke().train("r5", {"--set", "device.backend=cudnn"}), ExitCode::unavailable, {"backend cudnn: "});
  expect_refused(smoke().train("r5", {"--set", "device.precision=tf32"}), ExitCode::unavailable, {"device.precision is tf32"});
}

TEST(TrainCommandTest, APlateauNeedsAValidationSplit) {
  expect_refused(smoke().train("r6", {"--set", "schedule.kind=plateau", "--set", "train.validate_splits=[test]"}), ExitCode::configuration,
                 {"schedule.kind is plateau", "no split test"});
}

TEST(TrainCommandTest, ACheckpointOfAnotherNetworkIsRefused) {
  whole_run();
  fs::create_directories(smoke() / "other");
  fs::copy_file(smoke() / "whole/last.safetensors", smoke() / "other/last.safetensors", fs::copy_options::overwrite_existing);
  expect_refused(smoke().train("other", {"--resume", "--set", "model.layers.conv3.num_output=64"}), ExitCode::bad_data,
                 {"tensor conv3.weight is (32, 24, 3, 3)", "another network"});
}

TEST(TrainCommandTest, ACheckpointCutShortIsRefused) {
  whole_run();
  fs::create_directories(smoke() / "cut");
  fs::copy_file(smoke() / "whole/last.safetensors", smoke() / "cut/last.safetensors", fs::copy_options::overwrite_existing);
  fs::resize_file(smoke() / "cut/last.safetensors", 100000);
  expect_refused(smoke().train("cut", {"--resume"}), ExitCode::bad_data, {"cut/last.safetensors", "cut short"});
}

TEST(TrainCommandTest, AnotherTrainingSetIsRefusedOnResume) {
  whole_run();
  fs::create_directories(smoke() / "limited");
  fs::copy_file(smoke() / "whole/last.safetensors", smoke() / "limited/last.safetensors", fs::copy_options::overwrite_existing);
  expect_refused(smoke().train("limited", {"--resume", "--set", "data.limit=100"}), ExitCode::bad_data,
                 {"160 training pictures", "has 100"});
}

TEST(TrainCommandTest, AFullDiskStopsTheRunAndTheLastCheckpointStands) {
  ASSERT_EQ(smoke().train("full", {"--set", "train.max_steps=5"}).exit_code, 0);
  const std::string before = read_file(smoke() / "full/last.safetensors");
  RunOptions options;
  options.file_size_limit_bytes = before.size() / 2;
  const CommandResult result = smoke().train("full", {"--resume"}, options);
  EXPECT_EQ(result.exit_code, static_cast<int>(ExitCode::io_failed)) << result.err;
  EXPECT_THAT(result.err, HasSubstr("step-00000010.safetensors"));
  EXPECT_EQ(read_file(smoke() / "full/last.safetensors"), before);
  for (const auto& entry : fs::directory_iterator(smoke() / "full/checkpoints"))
    EXPECT_EQ(entry.path().extension(), ".safetensors") << entry.path();
  EXPECT_EQ(smoke().train("full", {"--resume"}).exit_code, 0);
}

}  // namespace
}  // namespace alexnet
