// scripts/relu_vs_tanh on a tiny budget: drawn pictures, a few epochs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ReluVsTanhTest : public testing::Test {
 protected:
  static constexpr const char* kScript = ALEXNET_SOURCE_DIR "/scripts/relu_vs_tanh";

  void SetUp() override {
    if (run_command({"/usr/bin/python3", "--version"}).exit_code != 0) GTEST_SKIP() << "no python3";
    ASSERT_EQ(run_alexnet({"prepare", "drawn:classes=10,train=160,val=32", folder_ / "data", "--size", "32"}).exit_code, 0);
  }
  CommandResult run(std::vector<std::string> more = {}) {
    std::vector<std::string> command = {kScript, "--alexnet", ALEXNET_BINARY, "--data", folder_ / "data", "--out", folder_ / "out"};
    for (const char* word : {"--rates", "0.01", "--seeds", "1", "--relu-epochs", "2", "--tanh-epochs", "2", "--set", "train.batch_size=32",
                             "--set", "train.log_every_steps=1"})
      command.emplace_back(word);
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command);
  }
  std::string content(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_.path() / "out" / name).rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

TEST_F(ReluVsTanhTest, WritesTablesAndAReportAndGoesOn) {
  const CommandResult unreached = run({"--target", "0.001"});
  ASSERT_EQ(unreached.exit_code, 0) << unreached.err;
  EXPECT_THAT(content("report.md"), AllOf(HasSubstr("relu, running: **not reached**"), HasSubstr("tanh, measured: **not reached**")));
  EXPECT_THAT(content("runs.csv"), AllOf(HasSubstr("relu,0.01,1,2,,,,,"), HasSubstr("tanh,0.01,1,2,,,,,")));
  EXPECT_THAT(content("curves.csv"), AllOf(HasSubstr("relu,0.01,1,1,5,"), HasSubstr("tanh,0.01,1,2,10,")));
  const CommandResult again = run({"--target", "0.001"});
  EXPECT_THAT(again.err, HasSubstr("2 runs, 2 of them done before"));
  EXPECT_EQ(again.out, unreached.out);
  const CommandResult easy = run({"--target", "1", "--out", folder_ / "easy"});
  ASSERT_EQ(easy.exit_code, 0) << easy.err;
  EXPECT_THAT(easy.out, HasSubstr("ratio, running: **1.0** (1.0 to 1.0"));
}

TEST_F(ReluVsTanhTest, RefusesToMixResultsAndWhatItDoesNotHave) {
  ASSERT_EQ(run().exit_code, 0);
  expect_refused(run({"--set", "optimizer.momentum=0.5"}), ExitCode::bad_data, {"holds results of another configs", "add --mix"});
  expect_refused(run({"--data", folder_ / "nowhere"}), ExitCode::no_input, {"nowhere: no dataset.json in it"});
  expect_refused(run({"--alexnet", "/nowhere/alexnet"}), ExitCode::no_input, {"/nowhere/alexnet: there is no such executable"});
  expect_refused(run({"--jobs", "0"}), ExitCode::command_line, {"--jobs 0: must be 1 or more"});
  const CommandResult failing = run({"--out", folder_ / "other", "--set", "data.crop=40"});
  EXPECT_EQ(failing.exit_code, 70);
  EXPECT_THAT(failing.err, AllOf(HasSubstr("alexnet ended with 78"), HasSubstr("output.log")));
}

}  // namespace
}  // namespace alexnet
