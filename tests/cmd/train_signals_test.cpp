// What signals do to a running training.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <string_view>
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
  explicit LongTraining(const std::string& run, const std::vector<std::string>& sets = {}) : run_(run) {
    smoke();
    std::vector<std::string> more = {"--set", "train.epochs=1000000", "--set", "checkpoint.every_steps=null"};
    for (const std::string& set : sets) more.insert(more.end(), {"--set", set});
    result_ = std::async(std::launch::async, [run, more] { return smoke().train(run, more); });
    const std::string metrics = smoke() / run + "/metrics.jsonl";
    started_ = wait_for([&] { return read_file(metrics).find("\"kind\":\"train\"") != std::string::npos; });
  }
  bool started() const { return started_; }
  pid_t process() const { return std::stoi(read_file(smoke() / run_ + "/.lock")); }
  void signal(int number) const { kill(process(), number); }
  CommandResult wait() { return result_.get(); }

 private:
  std::string run_;
  std::future<CommandResult> result_;
  bool started_ = false;
};

// Whether a thread (a folder in /proc/PID/task) lets none of these signals interrupt it.
bool blocks_signals(const fs::path& thread) {
  const std::string status = read_file((thread / "status").string());
  const std::string_view name = "SigBlk:";
  const std::size_t at = status.find(name);
  if (at == std::string::npos) return true;  // it has ended
  const std::uint64_t blocked = std::stoull(status.substr(at + name.size()), nullptr, 16);
  return std::ranges::all_of(std::array{SIGINT, SIGTERM, SIGUSR1, SIGHUP}, [&](int signal) { return (blocked >> (signal - 1) & 1) != 0; });
}

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

// Among them is oneDNN's code in which a handler would destroy the heap.
void expect_that_one_thread_takes_signals(const std::string& run, const std::vector<std::string>& sets, std::size_t least_threads) {
  LongTraining training(run, sets);
  ASSERT_TRUE(training.started());
  const fs::path threads = fmt::format("/proc/{}/task", training.process());
  std::size_t num_threads = 0, num_taking = 0;
  for (const auto& thread : fs::directory_iterator(threads)) {
    ++num_threads;
    if (!blocks_signals(thread.path())) ++num_taking;
  }
  EXPECT_TRUE(blocks_signals(threads / fmt::to_string(training.process()))) << "the main thread, which computes";
  EXPECT_EQ(num_taking, 1U);
  EXPECT_GE(num_threads, least_threads);
  training.signal(SIGTERM);
  EXPECT_EQ(training.wait().exit_code, 75);
}

TEST(TrainSignalsTest, SignalsInterruptNoThreadThatComputes) {
  // Main, one of OpenMP's, two loaders, the one that takes signals.
  expect_that_one_thread_takes_signals("two_threads", {"device.threads=2"}, 5);
  // Two ranks, for each of them a loader and the sums of gradients; the watch, the one that takes signals.
  expect_that_one_thread_takes_signals("two_ranks", {"device.replicas=2"}, 8);
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
