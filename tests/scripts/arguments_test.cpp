// Every script tells its use and refuses what it does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;

std::string script(const std::string& name) { return ALEXNET_SOURCE_DIR "/scripts/" + name; }

TEST(ScriptsTest, TellTheirUse) {
  int num_scripts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ALEXNET_SOURCE_DIR "/scripts")) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() || entry.path().has_extension()) continue;
    const CommandResult result = run_command({path, "--help"});
    EXPECT_EQ(result.exit_code, 0) << path << result.err;
    EXPECT_THAT(result.out, HasSubstr(entry.path().filename().string())) << path;
    ++num_scripts;
  }
  EXPECT_GE(num_scripts, 5);
}

TEST(ScriptsTest, QuickstartRefusesWhatItDoesNotKnow) {
  const auto refused = [](std::vector<std::string> arguments, ExitCode code, const std::string& words) {
    arguments.insert(arguments.begin(), script("quickstart"));
    expect_refused(run_command(arguments), code, {"quickstart: ", words});
  };
  refused({"--dtaa"}, ExitCode::command_line, "'--dtaa'");
  refused({"--data"}, ExitCode::command_line, "--data needs a value");
  refused({"--data", "/nowhere/pictures"}, ExitCode::no_input, "/nowhere/pictures");
  refused({"--data=/nowhere/pictures"}, ExitCode::no_input, "/nowhere/pictures");
}

TEST(ScriptsTest, LabRefusesExercisesThatItDoesNotHave) {
  expect_refused(run_command({script("lab"), "warp_drive"}), ExitCode::command_line, {"lab: no exercise 'warp_drive'; there are scale"});
}

TEST(ScriptsTest, SetupNamesWhatIsMissing) {
  TemporaryFolder folder;  // a dpkg-query that knows of nothing but g++
  const std::string fake = folder.write("dpkg-query", "#!/bin/sh\necho 'g++ installed'\n");
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  RunOptions options;
  options.env = {{"PATH", folder.path().string() + ":/usr/bin:/bin"}};
  const CommandResult result = run_command({script("setup"), "--check", "build"}, options);
  if (result.err.find("not debian 12") != std::string::npos) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("libdnnl-dev"));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("g++")));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("matplotlib"))) << "not of this group";
  expect_refused(run_command({script("setup"), "buidl"}), ExitCode::command_line, {"unknown argument 'buidl'"});
}

}  // namespace
}  // namespace alexnet
