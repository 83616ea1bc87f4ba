// scripts/relu_vs_tanh on a tiny budget: drawn pictures, a few epochs.
#include <nlohmann/json.hpp>

#include "experiment_fixture.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ReluVsTanhTest : public ExperimentTest {
 protected:
  static constexpr const char* kPeer = ALEXNET_SOURCE_DIR "/scripts/figure1_peer.py";

  ReluVsTanhTest()
      : ExperimentTest(
            "relu_vs_tanh", "drawn:classes=10,train=160,val=32", "32",
            {"--rates", "0.01", "--seeds", "1", "--epochs", "2", "--set", "train.batch_size=32", "--set", "train.log_every_steps=1"}) {}
};

TEST_F(ReluVsTanhTest, WritesTablesAndAReportAndGoesOn) {
  expect_refused(run({"--target", "0.001", "--report"}), ExitCode::no_input,
                 {"--report: no run in", "is done; leave --report out to train"});
  const CommandResult unreached = run({"--target", "0.001"});
  ASSERT_EQ(unreached.exit_code, 0) << unreached.err;
  EXPECT_THAT(content("report.md"),
              AllOf(HasSubstr("| relu | running | - | **not reached**"), HasSubstr("| tanh | measured | - | **not reached**")));
  EXPECT_THAT(content("runs.csv"), AllOf(HasSubstr("relu,0.01,1,2,,,,,"), HasSubstr("tanh,0.01,1,2,,,,,")));
  EXPECT_THAT(content("curves.csv"), AllOf(HasSubstr("relu,0.01,1,1,5,"), HasSubstr("tanh,0.01,1,2,10,")));
  const CommandResult again = run({"--target", "0.001"});
  EXPECT_THAT(again.err, HasSubstr("2 runs, 2 of them done before"));
  EXPECT_EQ(again.out, unreached.out);
  const CommandResult report = run({"--target", "0.001", "--rates", "0.01", "0.02", "--seeds", "3", "--report"});
  EXPECT_EQ(report.out, unreached.out) << report.err;
  const CommandResult easy = run({"--target", "1", "--out", folder_ / "easy"});
  ASSERT_EQ(easy.exit_code, 0) << easy.err;
  EXPECT_THAT(easy.out, HasSubstr("| tanh | running | 0.01 | 1.0 | 5 | **1.0** |"));
}

TEST_F(ReluVsTanhTest, RepeatsTheRatesThatReachTheTargetAndGivesUpTheOthers) {
  const CommandResult found =
      run({"--activations", "relu", "--rates", "0.01", "0.0001", "--target", "0.8", "--epochs", "1000", "--seeds", "2"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(content("runs.csv"), AllOf(HasSubstr("relu,0.01,1,"), HasSubstr("relu,0.01,2,"), HasSubstr("relu,0.0001,1,")));
  EXPECT_THAT(content("runs.csv"), Not(HasSubstr("relu,0.0001,2,")));
  EXPECT_THAT(content("report.md"), HasSubstr(", given up |"));
}

TEST_F(ReluVsTanhTest, GivesUpARunThatStaysAtChance) {
  const CommandResult found = run({"--activations", "relu", "--rates", "1e-9", "--target", "0.1", "--epochs", "100000"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(content("report.md"), testing::ContainsRegex("9[0-9]\\.[0-9] % in [1-9][0-9]+, given up"));
}

TEST_F(ReluVsTanhTest, TakesOtherActivationsAndNets) {
  const CommandResult others = run({"--net", "scaled", "--activations", "relu", "leaky_relu", "softsign", "sigmoid", "--target", "0.001"});
  ASSERT_EQ(others.exit_code, 0) << others.err;
  EXPECT_THAT(content("curves.csv"),
              AllOf(HasSubstr("leaky_relu,0.01,1,2,"), HasSubstr("softsign,0.01,1,2,"), HasSubstr("sigmoid,0.01,1,2,")));
  const std::string started = content("runs/softsign_0.01_1/config.yaml");
  EXPECT_THAT(started, AllOf(HasSubstr("type: softsign"), HasSubstr("std: 0.1155")));  // sqrt(1 / 75)
  EXPECT_THAT(started, Not(HasSubstr("type: relu")));
}

TEST_F(ReluVsTanhTest, RefusesToMixResultsAndWhatItDoesNotHave) {
  ASSERT_EQ(run().exit_code, 0);
  expect_refused(run({"--set", "optimizer.momentum=0.5"}), ExitCode::bad_data, {"holds results of another configs", "add --mix"});
  expect_refused(run({"--epochs", "3"}), ExitCode::bad_data,
                 {"holds results of another configuration: relu_0.01_1 was begun with train.epochs=2", "add --mix"});
  expect_refused(run({"--data", folder_ / "nowhere"}), ExitCode::no_input, {"nowhere: no dataset.json in it"});
  expect_refused(run({"--alexnet", "/nowhere/alexnet"}), ExitCode::no_input, {"/nowhere/alexnet: there is no such executable"});
  expect_refused(run({"--net", "scaled"}), ExitCode::bad_data, {"holds results of another", "net figure1 (now scaled)", "add --mix"});
  expect_refused(run({"--net", "alexnet_64", "--out", folder_ / "larger"}), ExitCode::bad_data,
                 {"pictures of 32 pixels; this net is for 64: alexnet prepare --size 64"});
  expect_refused(run({"--jobs", "0"}), ExitCode::command_line, {"--jobs 0: must be 1 or more"});
  expect_refused(run({"--target", "0.5"}), ExitCode::bad_data, {"holds results of another target 0.25 (now 0.5)"});
  expect_refused(run({"--set", "seed=3", "--out", folder_ / "undone"}), ExitCode::command_line,
                 {"--set seed=3: the runs set seed themselves"});
  expect_refused(run({"--rates", "0.01", "0.01"}), ExitCode::command_line, {"--rates 0.01 0.01: must be above 0, each once"});
  expect_refused(run({"--patience", "0.5"}), ExitCode::command_line, {"--patience 0.5: must be 1 or more"});
  const CommandResult failing = run({"--out", folder_ / "other", "--set", "data.crop=40"});
  EXPECT_EQ(failing.exit_code, 70);
  EXPECT_THAT(failing.err, AllOf(HasSubstr("alexnet ended with 78"), HasSubstr("output.log")));
  const CommandResult stopped = run({"--out", folder_ / "stopped", "--set", "train.max_minutes=0.0001", "--target", "0.001"});
  EXPECT_EQ(stopped.exit_code, 75);
  EXPECT_THAT(stopped.err, HasSubstr("it was stopped from outside; the same command goes on"));
}

TEST_F(ReluVsTanhTest, EndsItsTrainingsWhenAskedToEnd) {
  std::vector<std::string> command = {
      "sh", "-c", R"(log=$1; shift; "$@" & until grep -qs 'step ' "$log"; do sleep 0.1; done; kill -TERM $!; wait $!)", "sh"};
  command.insert(command.end(), {folder_ / "out/runs/relu_0.01_1/output.log", script_, "--alexnet", ALEXNET_BINARY});
  command.insert(command.end(), {"--data", folder_ / "data", "--out", folder_ / "out"});
  command.insert(command.end(), always_.begin(), always_.end());
  command.insert(command.end(), {"--activations", "relu", "--epochs", "100000", "--target", "0.001"});
  const CommandResult stopped = run_command(command);
  EXPECT_EQ(stopped.exit_code, 75) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("stopped on request; the same command goes on"));
  EXPECT_THAT(content("runs/relu_0.01_1/output.log"), HasSubstr("stopped by a signal"));
  // A training that went on by itself would hold the run directory.
  EXPECT_EQ(run({"--activations", "relu", "--epochs", "100000", "--target", "1", "--mix"}).exit_code, 0);
}

// PyTorch computes the order of the pictures from its definition: with another one the errors of the steps would differ.
TEST_F(ReluVsTanhTest, PyTorchDrawsTheSameCurves) {
  if (run_command({"/usr/bin/python3", "-c", "import numpy, torch, yaml"}).exit_code != 0) GTEST_SKIP() << "no PyTorch";
  // Batches that do not divide an epoch.
  ASSERT_EQ(run({"--target", "0.001", "--set", "train.batch_size=30"}).exit_code, 0);
  for (const char* activation : {"relu", "tanh"}) {
    const std::string folder = folder_ / "out/runs/" + activation + "_0.01_1";
    const CommandResult peer = run_command({kPeer, folder, "--alexnet", ALEXNET_BINARY, "--threads", "1", "--epochs", "2"});
    ASSERT_EQ(peer.exit_code, 0) << peer.err;
    const nlohmann::json found = nlohmann::json::parse(peer.out.substr(peer.out.rfind("\n{")));
    EXPECT_EQ(found.at("epochs"), 2);
    EXPECT_LT(found.at("first_loss_difference"), 1e-5) << peer.out;
    EXPECT_LT(found.at("largest_difference_of_an_interval"), 0.04) << peer.out;  // one picture of 30 on the other side of a tie
  }
  const std::string csv = folder_ / "intervals.csv";
  const CommandResult other = run_command({kPeer, folder_ / "out/runs/relu_0.01_1", "--alexnet", ALEXNET_BINARY, "--python",
                                           "/usr/bin/python3", "--perturb", "30", "--csv", csv, "--epochs", "1"});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_GT(nlohmann::json::parse(other.out.substr(other.out.rfind("\n{"))).at("first_loss_difference"), 1e-3);
  EXPECT_THAT(read_file(csv), testing::StartsWith("epoch,step,images,error_alexnet,error_pytorch,loss_alexnet,loss_pytorch\r\n1,1,30,"));
}

TEST_F(ReluVsTanhTest, ThePeerRefusesWhatItCannotRepeat) {
  const auto peer = [&](const std::string& run, const RunOptions& options = {}) {
    return run_command({kPeer, run, "--alexnet", ALEXNET_BINARY}, options);
  };
  expect_refused(peer(folder_ / "nowhere"), ExitCode::no_input, {"nowhere: no config.yaml in it"});
  ASSERT_EQ(run_alexnet({"train", "--config", "cifar10_relu", "--set", "data.path=" + (folder_ / "data"), "--set", "train.max_steps=1",
                         "--set", "data.flip=true", "--run-dir", folder_ / "mirrored"})
                .exit_code,
            0);
  expect_refused(peer(folder_ / "mirrored", without("torch")), ExitCode::unavailable, {"name an interpreter that has it with --python"});
  if (run_command({"/usr/bin/python3", "-c", "import numpy, torch, yaml"}).exit_code != 0) GTEST_SKIP() << "no PyTorch";
  expect_refused(peer(folder_ / "mirrored"), ExitCode::bad_data, {"mirrored: was trained with mirror images"});
  ASSERT_EQ(run_alexnet({"prepare", pictures_, folder_ / "jpeg", "--size", "32", "--encoding", "jpeg"}).exit_code, 0);
  std::filesystem::remove_all(folder_.path() / "data");
  std::filesystem::rename(folder_.path() / "jpeg", folder_.path() / "data");
  expect_refused(peer(folder_ / "mirrored"), ExitCode::bad_data, {"no raw pictures; prepare the data set with --encoding raw"});
}

}  // namespace
}  // namespace alexnet
