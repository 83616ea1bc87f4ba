// alexnet config, as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

const std::string kConfigs = std::string(ALEXNET_SOURCE_DIR) + "/configs/";

class ConfigCommand : public testing::Test {
 protected:
  CommandResult run(std::vector<std::string> args) {
    args.insert(args.begin(), "config");
    return run_alexnet(args, {.cwd = folder_.path()});
  }
  TemporaryFolder folder_;
};

TEST_F(ConfigCommand, PrintsWhatItReadsAgain) {
  const CommandResult first = run({kConfigs + "alexnet.yaml", "--set", "train.batch_size=32", "--set", "model.remove=[conv4, act4]"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("batch_size: 32\n"));
  EXPECT_THAT(first.out, testing::Not(HasSubstr("conv4")));
  EXPECT_EQ(first.err, "");
  folder_.write("resolved.yaml", first.out);
  EXPECT_EQ(run({"resolved.yaml"}).out, first.out);
}

TEST_F(ConfigCommand, FindsConfigsByName) {
  folder_.write("configs/mine.yaml", run({kConfigs + "smoke.yaml", "--set", "seed=99"}).out);
  EXPECT_THAT(run({"mine"}).out, HasSubstr("seed: 99\n"));
}

TEST_F(ConfigCommand, PrintsDifferences) {
  const CommandResult result = run({kConfigs + "alexnet.yaml", "--set", "train.batch_size=64", "--diff", kConfigs + "alexnet.yaml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "train.batch_size: 64 -> 128\n");
  const CommandResult same = run({kConfigs + "smoke.yaml", "--diff", kConfigs + "smoke.yaml"});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(same.out, "");
}

TEST_F(ConfigCommand, ReadsRunDirectories) {
  folder_.write("run/config.yaml", run({kConfigs + "smoke.yaml"}).out);
  const CommandResult result = run({"run", "--diff", kConfigs + "smoke.yaml", "--set", "seed=5"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "seed: 5 -> 1\n");
}

TEST_F(ConfigCommand, FailsInOneLineWithItsExitCode) {
  folder_.write("typo.yaml", "seed: 1\ndata:\n  path: x\n  crops: 3\n");
  folder_.write("doubled.yaml", "seed: 1\nseed: 2\n");
  expect_refused(run({"typo.yaml"}), ExitCode::configuration, {"typo.yaml:4: key data.crops is unknown; did you mean data.crop?"});
  expect_refused(run({"doubled.yaml"}), ExitCode::configuration, {"doubled.yaml:2: key seed is given twice"});
  expect_refused(run({kConfigs + "alexnet.yaml", "--set", "train.batch_size=many"}), ExitCode::configuration,
                 {"--set train.batch_size=many", "an integer"});
  expect_refused(run({kConfigs + "alexnet.yaml", "--set", "train.batch_size"}), ExitCode::command_line, {"there is no '='"});
  expect_refused(run({"alexnt.yaml"}), ExitCode::no_input, {"alexnt.yaml: there is no such configuration"});
  expect_refused(run({kConfigs + "alexnet.yaml", "--diff", "nowhere"}), ExitCode::no_input, {"nowhere"});
  expect_refused(run({"nowhere.safetensors"}), ExitCode::no_input, {"nowhere.safetensors"});
  expect_refused(run({}), ExitCode::command_line, {"config"});
}

}  // namespace
}  // namespace alexnet
