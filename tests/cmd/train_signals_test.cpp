// What signals do to a running training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "support/expect_error.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A training that would take hours, in the background, with its process id.
class LongTraining {
 public:
  explicit LongTraining(const std::string& run) : run_(run) {
    smoke();
    result_ = std::async(std::launch::async, [run] {
      return smoke().train(run, {"--set", "train.epochs=1000000", "--set", "checkpoint.every_steps=null"});
    });
    const std::string metrics = smoke() / run + "/metrics.jsonl";
    started_ = wait_for([&] { return read_file(metrics).find("\"kind\":\"train\"") != std::string::npos; });
  }
  bool started() const { return started_; }
  void signal(int number) const { kill(std::stoi(read_file(smoke() / run_ + "/.lock")), number); }
  CommandResult wait() { return result_.get(); }

 private:
  std::string run_;
  std::future<CommandResult> result_;
  bool started_ = false;
};

void expect_stop(const std::string& run, int signal, int exit_code) {
  LongTraining training(run);
  EXPECT_TRUE(training.started());
  training.signal(signal);
  const CommandResult result = training.wait();
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_TRUE(fs::exists(smoke() / run + "/last.safetensors"));
}

TEST(TrainSignalsTest, SigtermAndSigusr1LeaveWithACheckpointAndAskToBeRunAgain) {
  expect_stop("term", SIGTERM, 75);
  expect_stop("usr1", SIGUSR1, 75);
  const CommandResult resumed = smoke().run({"train", "--run-dir", "term", "--resume", "--set", "train.max_minutes=0.00001"});
  EXPECT_THAT(resumed.err, testing::HasSubstr("goes on from term/last.safetensors"));
}

TEST(TrainSignalsTest, SigintLeavesWithACheckpoint) { expect_stop("int", SIGINT, 130); }

TEST(TrainSignalsTest, SighupWritesACheckpointAndGoesOn) {
  LongTraining training("hup");
  ASSERT_TRUE(training.started());
  // The first epoch's end writes one too: a snapshot between epochs is the signal's.
  const auto has_snapshot = [] {
    for (const auto& entry : fs::directory_iterator(smoke() / "hup/checkpoints")) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".safetensors") && std::stoll(name.substr(5)) % 10 != 0) return true;
    }
    return false;
  };
  EXPECT_TRUE(wait_for([&] {
    training.signal(SIGHUP);
    return has_snapshot();
  }));
  training.signal(SIGTERM);
  EXPECT_EQ(training.wait().exit_code, 75);
}

TEST(TrainSignalsTest, ASecondTrainingInTheSameDirectoryIsRefused) {
  LongTraining training("busy");
  ASSERT_TRUE(training.started());
  expect_refused(smoke().train("busy", {"--resume"}), ExitCode::output_exists, {"another process trains in it now (pid "});
  training.signal(SIGTERM);
  EXPECT_EQ(training.wait().exit_code, 75);
}

}  // namespace
}  // namespace alexnet
