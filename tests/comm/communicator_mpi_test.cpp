// The program comm_ranks under mpirun, on this machine.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "support/expect_error.hpp"
#include "support/run_command.hpp"

namespace alexnet {
namespace {

using Words = std::vector<std::string>;

std::vector<std::string> lines_with(const std::string& text, const std::string& start) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) found.push_back(line);
  }
  return found;
}

class CommunicatorMpi : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<std::string> built = built_communicators();
    if (std::find(built.begin(), built.end(), "mpi") == built.end()) GTEST_SKIP() << "built without MPI";
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "MPI's libraries are not instrumented for ThreadSanitizer";
#endif
    if (run_command({"mpirun", "--version"}).exit_code != 0) GTEST_SKIP() << "there is no mpirun";
  }

  // ASan's search for leaks finds those of MPI itself.
  static constexpr const char* kAsanOptions = "detect_leaks=0:allocator_may_return_null=1";

  static CommandResult run(int num_ranks, const std::string& name, const std::string& time_limit_s = "60") {
    return run_command(
        {"mpirun", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(num_ranks), ALEXNET_COMM_RANKS, name, time_limit_s},
        {.env = {{"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}, {"ASAN_OPTIONS", kAsanOptions}},
         .timeout_s = 120});
  }

  // mpirun adds words of its own, after ours; it hands on the exit code.
  static void expect_failure(const CommandResult& result, ExitCode code, const Words& words) {
    EXPECT_EQ(result.exit_code, static_cast<int>(code)) << result.err;
    const std::vector<std::string> errors = lines_with(result.err, "error: ");
    ASSERT_EQ(errors.size(), 1U) << result.err;
    for (const std::string& word : words) EXPECT_NE(errors.front().find(word), std::string::npos) << errors.front();
  }
};

TEST_F(CommunicatorMpi, EveryCallDoesWhatItShould) {
  for (const int num_ranks : {1, 2, 3, 4}) {
    const CommandResult result = run(num_ranks, "all");
    EXPECT_EQ(result.exit_code, 0) << num_ranks << " ranks\n" << result.out << result.err;
    EXPECT_EQ(result.err, "all is checked\n") << "rank 0 alone tells it";
  }
}

TEST_F(CommunicatorMpi, SumsAreTheSameBitsInEveryRun) {
  const CommandResult first = run(3, "prints_sums"), second = run(3, "prints_sums");
  EXPECT_EQ(std::count(first.out.begin(), first.out.end(), '\n'), 1000) << first.err;
  EXPECT_EQ(first.out, second.out);
}

TEST_F(CommunicatorMpi, AllLeaveWithTheCodeOfTheOneThatIsNotDone) {
  const CommandResult result = run(3, "returns_75_on_the_last");
  EXPECT_EQ(result.exit_code, static_cast<int>(ExitCode::run_again)) << result.err;
}

TEST_F(CommunicatorMpi, AnErrorOfOneRankEndsAllWithItsReasonAndCode) {
  expect_failure(run(3, "fails_on_1"), ExitCode::io_failed, {"rank 1: disk full"});
  expect_failure(run(2, "throws_on_0"), ExitCode::internal, {"error: internal error", "strange"});
  expect_failure(run(3, "fails_during_sums_of_others"), ExitCode::bad_data, {"error: no picture"});
  expect_failure(run(3, "fails_on_2_while_others_wait_by_themselves"), ExitCode::io_failed, {"rank 2: disk full"});
  expect_failure(run(3, "fails_on_all"), ExitCode::configuration, {"train.batch_size: 0 is too small"});
}

TEST_F(CommunicatorMpi, ARankThatDoesNotComeIsNamed) {
  expect_failure(run(3, "hangs_on_1", "1"), ExitCode::rank_lost, {"rank 1 did not arrive at barrier within 1 s"});
  expect_failure(run(2, "hangs_on_0", "1"), ExitCode::rank_lost, {"rank 0 did not arrive at barrier within 1 s"});
  expect_failure(run(4, "hangs_on_3_of_a_grid", "1"), ExitCode::rank_lost, {"rank 3 did not arrive at barrier within 1 s"});
}

TEST_F(CommunicatorMpi, AKilledRankEndsTheJob) {
  const CommandResult result = run(2, "is_killed_on_1", "5");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.err.find("exited on signal 9"), std::string::npos) << result.err;
}

TEST_F(CommunicatorMpi, DifferentCallsAreABug) {
  expect_failure(run(2, "calls_differ"), ExitCode::internal, {"calls broadcast (4)", "calls broadcast (8)"});
}

TEST_F(CommunicatorMpi, ProcessesThatShareAGpuAreRefused) {
  expect_failure(run(2, "share_a_gpu"), ExitCode::configuration, {"device.ids: 2 processes share one GPU", "start one process"});
}

TEST_F(CommunicatorMpi, MoreThanMpiCountsIsRefused) {
  expect_failure(run(2, "gathers_too_much"), ExitCode::configuration, {"all_gather of 3221225472", "smaller train.batch_size"});
}

TEST_F(CommunicatorMpi, ProcessesThatMpiDoesNotConnectAreRefused) {
  const CommandResult result =
      run_command({ALEXNET_COMM_RANKS, "all"},
                  {.env = {{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "0"}, {"ASAN_OPTIONS", kAsanOptions}}, .timeout_s = 60});
  expect_failure(result, ExitCode::unavailable, {"4 processes were started, but MPI connects 1 of them"});
}

TEST(LaunchTest, TorchrunIsRefused) {
  const CommandResult result =
      run_command({ALEXNET_COMM_RANKS, "all"}, {.env = {{"TORCHELASTIC_RUN_ID", "x"}, {"WORLD_SIZE", "2"}, {"RANK", "0"}}});
  expect_refused(result, ExitCode::unavailable,
                 {"torchrun started 2 processes", "start them with mpirun -n 2", "--nproc-per-node=1 and device.replicas"});
  const CommandResult other =
      run_command({ALEXNET_COMM_RANKS, "all"}, {.env = {{"TORCHELASTIC_RUN_ID", "x"}, {"WORLD_SIZE", "2"}, {"RANK", "1"}}});
  EXPECT_EQ(other.exit_code, static_cast<int>(ExitCode::unavailable));
  EXPECT_EQ(other.err, "") << "rank 0 says it";
}

TEST(CommunicatorWithoutMpi, IsRefusedUnderMpirun) {
  const std::vector<std::string> built = built_communicators();
  if (std::find(built.begin(), built.end(), "mpi") != built.end()) GTEST_SKIP() << "built with MPI";
  const CommandResult result = run_command({ALEXNET_COMM_RANKS, "all"}, {.env = {{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "0"}}});
  expect_refused(result, ExitCode::unavailable, {"srun started 2 processes, but this program was built without MPI"});
}

}  // namespace
}  // namespace alexnet
