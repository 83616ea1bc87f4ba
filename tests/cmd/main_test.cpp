// What main does around the subcommands: command lines that name none, closed pipes, logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

TEST(MainTest, AMisspeltCommandIsNamedWithTheNearest) {
  expect_refused(run_alexnet({"trian", "--config", "x"}), ExitCode::command_line, {"there is no command trian; did you mean train"});
  expect_refused(run_alexnet({"zzzzzzzzzzzzzzz"}), ExitCode::command_line, {"there is no command zzzzzzzzzzzzzzz; see alexnet --help"});
  expect_refused(run_alexnet({}), ExitCode::command_line, {"subcommand is required"});
}

TEST(MainTest, AnUnknownOptionIsNamed) {
  expect_refused(run_alexnet({"train", "--confg", "x"}), ExitCode::command_line, {"--confg", "see alexnet --help"});
}

TEST(MainTest, HelpNamesEveryCommand) {
  const CommandResult result = run_alexnet({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* command : {"prepare", "train", "eval", "predict", "summary", "config", "inspect"})
    EXPECT_THAT(result.out, HasSubstr(command));
}

TEST(MainTest, GlobalOptionsWorkAfterTheCommand) {
  const CommandResult result =
      smoke().run({"summary", "--config", std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", "--log-file", "log.txt", "-v"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(MainTest, ALogFileThatCannotBeOpenedIsNamed) {
  expect_refused(run_alexnet({"--log-file", "/dev/null/log.txt", "config", "smoke"}), ExitCode::io_failed,
                 {"/dev/null/log.txt: cannot be opened"});
}

TEST(MainTest, OutputThatCannotBeWrittenIsAnError) {
  const std::string config = std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml";
  expect_refused(run_command({"/bin/sh", "-c", "exec \"$0\" config \"$1\" >/dev/full", ALEXNET_BINARY, config}), ExitCode::io_failed,
                 {"stdout: writing failed"});
}

TEST(MainTest, QuietLeavesTheLogToItsFile) {
  const CommandResult result = smoke().train("quiet", {"-q", "--set", "train.max_steps=1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(read_file(smoke() / "quiet/train.log"), HasSubstr("first batch: loss"));
}

}  // namespace
}  // namespace alexnet
