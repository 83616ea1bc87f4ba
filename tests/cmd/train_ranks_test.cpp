// One experiment on several ranks and in parts: the same numbers as on one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/expect_error.hpp"
#include "support/mpirun.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

std::vector<std::string> smoke_training(const std::string& run, const std::vector<std::string>& more) {
  std::vector<std::string> args = {"train", "--config", std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", "--run-dir", run};
  for (const std::string& set : more) {
    if (!set.starts_with("--")) args.emplace_back("--set");
    args.push_back(set);
  }
  return args;
}

std::vector<nlohmann::json> metrics(const std::string& run, const std::string& kind) {
  std::vector<nlohmann::json> found;
  std::istringstream lines(read_file(smoke() / run + "/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::json::parse(line);
    if (json.at("kind") == kind) found.push_back(json);
  }
  return found;
}

// The run of one rank that the others are compared with.
const std::string& one_rank() {
  static const std::string run = [] {
    const CommandResult result = smoke().run(smoke_training("one", {}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::string("one");
  }();
  return run;
}

void expect_near(const nlohmann::json& a, const nlohmann::json& b, double relative, const std::string& what) {
  EXPECT_NEAR(a.get<double>(), b.get<double>(), relative * std::abs(a.get<double>()) + 1e-12) << what;
}

// Step 1: losses within 1e-6, activations and gradients within 1e-5; the last step: losses within 1e-4.
void expect_same_training(const std::string& run) {
  const auto expected = metrics(one_rank(), "train"), found = metrics(run, "train");
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_EQ(expected.size(), 20U);
  expect_near(expected.front().at("loss"), found.front().at("loss"), 1e-6, run + ": first loss");
  expect_near(expected.back().at("loss"), found.back().at("loss"), 1e-4, run + ": last loss");
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].at("images"), expected[i].at("images"));
    EXPECT_EQ(found[i].at("learning_rate"), expected[i].at("learning_rate"));
  }
  const auto layers = metrics(one_rank(), "layers"), found_layers = metrics(run, "layers");
  ASSERT_EQ(found_layers.size(), layers.size());
  for (std::size_t i = 0; i < layers.front().at("layers").size(); ++i) {
    const auto &a = layers.front().at("layers").at(i), &b = found_layers.front().at("layers").at(i);
    ASSERT_EQ(a.at("name"), b.at("name"));
    for (const char* key : {"activation_mean", "activation_std", "zeros", "gradient_norm", "weight_norm", "update_ratio"})
      expect_near(a.at(key), b.at(key), 1e-5, run + ": " + a.at("name").get<std::string>() + " " + key);
  }
  const auto validation = metrics(one_rank(), "validation"), found_validation = metrics(run, "validation");
  ASSERT_EQ(found_validation.size(), validation.size());
  for (std::size_t i = 0; i < validation.size(); ++i) {
    expect_near(validation[i].at("loss"), found_validation[i].at("loss"), 1e-3, run + ": validation");
    EXPECT_EQ(found_validation[i].at("images"), validation[i].at("images"));
  }
}

struct Ranks {
  std::string name;
  int processes;  // 0: threads of one process
  std::vector<std::string> sets;
  std::string line;  // of the log
};
void PrintTo(const Ranks& ranks, std::ostream* out) { *out << ranks.name; }

const auto case_name = [](const auto& info) { return info.param.name; };

class TrainRanksTest : public testing::TestWithParam<Ranks> {};
INSTANTIATE_TEST_SUITE_P(
    Layouts, TrainRanksTest,
    testing::Values(Ranks{"parts2", 0, {"train.micro_batches=2"}, "batch 16 in 2 parts of 8"},
                    Ranks{"parts3", 0, {"train.micro_batches=3"}, "batch 16 in 3 parts of 6"},
                    Ranks{"threads2", 0, {"device.replicas=2"}, "2 ranks = 2 replicas x 1 column, batch 16 = 2 x 8"},
                    Ranks{"threads3", 0, {"device.replicas=3"}, "3 ranks = 3 replicas x 1 column, batch 16 = 1 x 6 + 2 x 5"},
                    Ranks{"threads4", 0, {"device.ids=[0, 0, 0, 0]"}, "4 ranks = 4 replicas x 1 column, batch 16 = 4 x 4"},
                    Ranks{"threads2parts2", 0, {"device.replicas=2", "train.micro_batches=2"}, "batch 16 = 2 x 8, each in 2 parts of 4"},
                    Ranks{"columns", 0, {"device.column_devices=2"}, "2 ranks = 1 replica x 2 columns, batch 16"},
                    Ranks{"grid",
                          0,
                          {"device.ids=[0, 0, 0, 0]", "device.column_devices=2", "train.micro_batches=2"},
                          "4 ranks = 2 replicas x 2 columns, batch 16 = 2 x 8, each in 2 parts of 4"},
                    Ranks{"mpirungrid", 4, {"device.column_devices=2"}, "4 ranks = 2 replicas x 2 columns, batch 16 = 2 x 8"},
                    Ranks{"mpirun2", 2, {}, "2 ranks = 2 replicas x 1 column, batch 16 = 2 x 8"},
                    Ranks{"mpirun4", 4, {"train.micro_batches=2"}, "batch 16 = 4 x 4, each in 2 parts of 2"}),
    case_name);

TEST_P(TrainRanksTest, TrainTheSame) {
  const Ranks& ranks = GetParam();
  if (ranks.processes > 0 && !why_no_mpirun().empty()) GTEST_SKIP() << why_no_mpirun();
  const std::vector<std::string> args = smoke_training(ranks.name, ranks.sets);
  const CommandResult result = ranks.processes > 0 ? run_processes(ranks.processes, args) : smoke().run(args);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(ranks.line + "\n"));
  expect_same_training(ranks.name);
}

TEST(TrainRanks, TheSameRanksGetTheSameBits) {
  const auto run = [](const std::string& name) {
    EXPECT_EQ(smoke().run(smoke_training(name, {"device.replicas=2", "train.micro_batches=2", "train.max_steps=6"})).exit_code, 0);
    return read_file(smoke() / name + "/last.safetensors");
  };
  const std::string first = run("bits1");
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(first == run("bits2"));
}

// Steps 1 to 10 on some ranks, the others on others: as if on one from the start.
TEST(TrainRanks, ARunGoesOnWithAnotherNumberOfRanks) {
  for (const auto& [before, after] : {std::pair{4, 1}, {4, 2}, {1, 3}}) {
    const std::string run = "resumed" + std::to_string(before) + std::to_string(after);
    const auto replicas = [](int count) { return "device.replicas=" + std::to_string(count); };
    const CommandResult stopped = smoke().run(smoke_training(run, {replicas(before), "train.max_steps=10"}));
    EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
    const CommandResult resumed = smoke().run(smoke_training(run, {replicas(after), "--resume=must"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("goes on from " + run + "/last.safetensors, step 10"));
    EXPECT_THAT(resumed.err, HasSubstr("changed since the checkpoint: device.replicas"));
    expect_same_training(run);
  }
}

TEST(TrainRanks, ARunOfColumnsAndReplicasGoesOnWithOneRank) {
  const CommandResult stopped =
      smoke().run(smoke_training("grid1", {"device.column_devices=2", "device.replicas=2", "train.max_steps=10"}));
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  const CommandResult resumed = smoke().run(smoke_training("grid1", {"--resume=must"}));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_same_training("grid1");
}

TEST(TrainRanks, AnIntervalThatWasBegunIsFinishedByOtherRanks) {
  const std::vector<std::string> rare = {"train.log_every_steps=8", "train.layer_statistics_every_steps=0"};
  const auto training = [&](const std::string& run, std::vector<std::string> more) {
    more.insert(more.end(), rare.begin(), rare.end());
    const CommandResult result = smoke().run(smoke_training(run, more));
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  training("interval1", {"train.max_steps=16"});
  training("interval2", {"train.max_steps=5", "device.replicas=3"});
  training("interval2", {"train.max_steps=16", "device.replicas=2", "--resume"});
  const auto expected = metrics("interval1", "train"), found = metrics("interval2", "train");
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) expect_near(expected[i].at("loss"), found[i].at("loss"), 1e-4, "interval");
}

TEST(TrainRanks, ABatchTooSmallToBeCutIsRefused) {
  expect_refused(smoke().run(smoke_training("small", {"train.batch_size=3", "device.replicas=4"})), ExitCode::configuration,
                 {"train.batch_size is 3, too small for 4 replicas", "set it to 4 or more"});
  expect_refused(smoke().run(smoke_training("small", {"device.replicas=3", "train.micro_batches=6"})), ExitCode::configuration,
                 {"train.micro_batches is 6", "a batch of 16 one of 3 replicas takes 5", "5 or less"});
  expect_refused(smoke().run(smoke_training("small", {"train.micro_batches=17"})), ExitCode::configuration,
                 {"train.micro_batches is 17", "the one replica takes 16"});
}

TEST(TrainRanks, ARankThatCannotWriteEndsAll) {
  const CommandResult result = smoke().run(smoke_training("full_ranks", {"device.replicas=2"}), {.file_size_limit_bytes = 40000});
  expect_refused(result, ExitCode::io_failed, {"full_ranks/checkpoints/step-"});
}

class TrainProcesses : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_mpirun();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(TrainProcesses, OfOneRunMustBeStartedAlike) {
  const auto differ = [](const std::string& run, const std::vector<std::string>& sets) {
    return run_processes({smoke_training(run, {}), smoke_training(run, sets)});
  };
  expect_ranks_refused(differ("differ", {"seed=2", "train.epochs=3"}), ExitCode::configuration,
                       {"rank 1: the configuration is another one", "seed: 1 -> 2", "train.epochs: 2.0 -> 3.0"});
  const TemporaryFolder other;
  const CommandResult prepared =
      run_alexnet({"prepare", "drawn:classes=4,train=160,val=48", "data/smoke", "--size", "32", "--encoding", "raw", "--seed", "7"},
                  {.cwd = other.path().string()});
  ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
  const std::vector<std::string> args = smoke_training(smoke() / "differ", {});
  std::vector<std::string> elsewhere = {"--wdir", other.path().string()};
  elsewhere.insert(elsewhere.end(), args.begin(), args.end());
  expect_ranks_refused(run_processes({args, elsewhere}), ExitCode::bad_data, {"rank 1: the data set data/smoke is another one"});
}

TEST_F(TrainProcesses, MustFitTheLayout) {
  expect_ranks_refused(run_processes(2, smoke_training("misfit", {"device.replicas=3"})), ExitCode::configuration,
                       {"device.replicas is 3", "3 ranks, but 2 were started"});
  expect_ranks_refused(run_processes(2, smoke_training("misfit", {"device.ids=[0]"})), ExitCode::configuration,
                       {"device.ids names 1 device, but 2 ranks run on this host"});
}

TEST_F(TrainProcesses, OtherCommandsAreRunByTheFirstAlone) {
  one_rank();
  const CommandResult evaluated = run_processes(2, {"eval", "--checkpoint", "one", "--json"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(std::count(evaluated.out.begin(), evaluated.out.end(), '\n'), 1) << evaluated.out;
  EXPECT_EQ(nlohmann::json::parse(evaluated.out).at("images"), 48);
}

}  // namespace
}  // namespace alexnet
