// What signals, and ranks that are lost or hang, do to a training of several processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "support/mpirun.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// Two processes that train for hours, in the background.
class TrainingProcesses {
 public:
  TrainingProcesses(std::string run, const std::string& rank_timeout_s, const std::vector<std::string>& more = {}) : run_(std::move(run)) {
    smoke();
    std::vector<std::string> args = {"train", "--config", std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", "--run-dir", run_};
    std::vector<std::string> sets = {"train.epochs=1000000", "device.rank_timeout_s=" + rank_timeout_s};
    sets.insert(sets.end(), more.begin(), more.end());
    for (const std::string& set : sets) {
      args.emplace_back("--set");
      args.push_back(set);
    }
    result_ = std::async(std::launch::async, [args] { return run_processes(2, args, {.timeout_s = 120}); });
    started_ = wait_for([&] { return std::filesystem::exists(smoke() / run_ + "/last.safetensors"); });
  }
  // rank -1: mpirun.
  void signal(int rank, int number) const {
    const int process = process_of_rank(rank, run_);
    ASSERT_GT(process, 0);
    kill(process, number);
  }
  bool started() const { return started_; }
  CommandResult wait() { return result_.get(); }

 private:
  std::string run_;
  std::future<CommandResult> result_;
  bool started_ = false;
};

class TrainRankFailures : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_mpirun();
    if (!why.empty()) GTEST_SKIP() << why;
  }
  static void expect_resumes(const std::string& run) {
    EXPECT_EQ(process_of_rank(0, run), 0);
    EXPECT_EQ(process_of_rank(1, run), 0);
    const CommandResult resumed = smoke().run({"train", "--run-dir", run, "--resume=must", "--set", "train.max_minutes=0.00001"});
    EXPECT_EQ(resumed.exit_code, 75) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("goes on from " + run + "/last.safetensors"));
  }
};

TEST_F(TrainRankFailures, ASignalToOneRankStopsAllAfterACheckpoint) {
  TrainingProcesses training("term1", "60");
  ASSERT_TRUE(training.started());
  training.signal(1, SIGTERM);
  const CommandResult result = training.wait();
  EXPECT_EQ(result.exit_code, 75) << result.err;
  EXPECT_THAT(result.err, HasSubstr("stopped by a signal at step"));
  expect_resumes("term1");
}

TEST_F(TrainRankFailures, Sigusr1ToMpirunStopsAllAfterACheckpoint) {
  TrainingProcesses training("usr1all", "60");
  ASSERT_TRUE(training.started());
  training.signal(-1, SIGUSR1);
  const CommandResult result = training.wait();
  EXPECT_EQ(result.exit_code, 75) << result.err;
  expect_resumes("usr1all");
}

TEST_F(TrainRankFailures, AKilledRankEndsTheJobAndTheLastCheckpointLoads) {
  TrainingProcesses training("killed", "5");
  ASSERT_TRUE(training.started());
  training.signal(1, SIGKILL);
  const CommandResult result = training.wait();
  EXPECT_THAT(result.exit_code, testing::AnyOf(76, 137)) << result.err;  // mpirun itself may be the first to see it
  expect_resumes("killed");
}

// Where it stops is chance: before a call, which then names it, or inside of MPI.
TEST_F(TrainRankFailures, ARankThatHangsEndsTheOthersAtTheLimit) {
  TrainingProcesses training("hung", "2");
  ASSERT_TRUE(training.started());
  training.signal(1, SIGSTOP);
  const CommandResult result = training.wait();
  expect_ranks_refused(result, ExitCode::rank_lost, {"did not ", "within 2 s"});
  expect_resumes("hung");
}

// What the ranks wait for each other in: mostly steps; mostly validations; mostly checkpoints, whose weights lie on both.
TEST_F(TrainRankFailures, AStopDoesNotWaitForARankThatHangs) {
  const std::vector<std::string> layouts[] = {
      {}, {"train.validate_every_epochs=0.1"}, {"checkpoint.every_steps=1", "device.column_devices=2"}};
  for (const std::vector<std::string>& more : layouts) {
    const std::string run = "overdue" + std::to_string(&more - layouts);
    TrainingProcesses training(run, "1000", more);
    ASSERT_TRUE(training.started());
    training.signal(1, SIGSTOP);
    training.signal(0, SIGTERM);
    const CommandResult result = training.wait();
    expect_ranks_refused(result, ExitCode::rank_lost, {"asked to stop, but step", "the last one is " + run + "/last.safetensors"});
    expect_resumes(run);
  }
}

}  // namespace
}  // namespace alexnet
