// What main does around the subcommands: command lines that name none, closed pipes, logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/smoke.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

TEST(MainTest, AMisspeltCommandIsNamedWithTheNearest) {
  const CommandResult result = run_alexnet({"trian", "--config", "x"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_THAT(result.err, HasSubstr("there is no command trian; did you mean train"));
  EXPECT_EQ(run_alexnet({}).exit_code, 64);
}

TEST(MainTest, AnUnknownOptionIsNamed) {
  const CommandResult result = run_alexnet({"train", "--confg", "x"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_THAT(result.err, HasSubstr("--confg"));
  EXPECT_THAT(result.err, HasSubstr("see alexnet --help"));
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
  const CommandResult result = run_alexnet({"--log-file", "/dev/null/log.txt", "config", "smoke"});
  EXPECT_EQ(result.exit_code, 74);
  EXPECT_THAT(result.err, HasSubstr("/dev/null/log.txt: cannot be opened"));
}

TEST(MainTest, QuietLeavesTheLogToItsFile) {
  const CommandResult result = smoke().train("quiet", {"-q", "--set", "train.max_steps=1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(read_file(smoke() / "quiet/train.log"), HasSubstr("first batch: loss"));
}

}  // namespace
}  // namespace alexnet
