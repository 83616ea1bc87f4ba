// scripts/check in a small repository of its own: clean it passes, and each breach of a rule is named with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"git", "clang-format", "clang-tidy", "shellcheck"}) {
      if (run_command({tool, "--version"}).exit_code != 0) GTEST_SKIP() << tool << " is not installed";
    }
    if (run_command({"/usr/bin/python3", "-c", "import yaml"}).exit_code != 0) GTEST_SKIP() << "PyYAML is not installed";
    std::filesystem::create_directory(folder_ / "scripts");
    std::filesystem::copy_file(ALEXNET_SOURCE_DIR "/scripts/check", folder_ / "scripts/check");
    folder_.write(".clang-format", "BasedOnStyle: Google\n");
    folder_.write("CMakeLists.txt", "alexnet_folder(core)\nalexnet_folder(io FOLDERS core\n               LIBRARIES nlohmann)\n");
    folder_.write("include/alexnet/core/error.hpp", "#pragma once\n");
    folder_.write("src/io/files.cpp", "#include <vector>\n\n#include \"alexnet/core/error.hpp\"\n");
  }
  CommandResult check() {
    run_command({"git", "init", "-q"}, in_folder());
    run_command({"git", "add", "-A"}, in_folder());
    return run_command({folder_ / "scripts/check", "--no-tidy"});
  }
  void expect_breach(const std::string& file, const std::string& content, const std::string& words) {
    folder_.write(file, content);
    const CommandResult result = check();
    EXPECT_EQ(result.exit_code, 1) << file;
    EXPECT_THAT(result.out, HasSubstr("\n" + words)) << file << result.err;
    std::filesystem::remove(folder_ / file);
  }
  RunOptions in_folder() const {
    RunOptions options;
    options.cwd = folder_.path().string();
    return options;
  }
  TemporaryFolder folder_;
};

TEST_F(CheckTest, PassesWhatKeepsTheRules) {
  const CommandResult result = check();
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("check: 0 breaches in 2 sources"));
}

TEST_F(CheckTest, NamesEachBreach) {
  folder_.write("src/io/files.hpp", "#pragma once\n");
  folder_.write("src/io/user.cpp", "#include \"io/files.hpp\"\n");
  folder_.write("include/alexnet/core/lonely.hpp", "#pragma once\n");  // a note comes first, so that each breach begins a line
  expect_breach("src/core/a.cpp", "#include \"alexnet/io/files.hpp\"\n", "src/core/a.cpp:1: core must not include from io");
  expect_breach("src/core/a.cpp", "#include <nlohmann/json.hpp>\n", "src/core/a.cpp:1: <nlohmann/json.hpp> is included outside");
  expect_breach("src/core/a.cpp", "#include <glib/any.hpp>\n", "src/core/a.cpp:1: <glib/any.hpp> has no place");
  expect_breach("src/core/a.cpp", "int* f( ){return 0;}\n", "src/core/a.cpp:1: not formatted");
  expect_breach("src/core/a.cpp", "#ifdef FAST\n#endif\n", "src/core/a.cpp:1: preprocessor conditions");
  expect_breach("src/core/a.cpp", std::string(700, '\n'), "src/core/a.cpp: 700 lines");
  expect_breach("src/core/CamelCase.cpp", "", "src/core/CamelCase.cpp: file names are snake_case");
  expect_breach("src/core/unused.hpp", "#pragma once\n", "src/core/unused.hpp: is included by no file");
  expect_breach("src/lost/a.cpp", "", "src/lost/a.cpp: folder 'lost' has no alexnet_folder line");
  expect_breach("include/alexnet/core/b.hpp", "// nothing\n", "include/alexnet/core/b.hpp: lacks #pragma once");
  expect_breach("configs/a.yaml", "a: [1\n", "configs/a.yaml: PyYAML does not read it");
  expect_breach("scripts/a", "#!/bin/bash\n", "scripts/a: is not executable");
  expect_breach("src/io/up.cpp", "#include \"core/private.hpp\"\n", "src/io/up.cpp:1: core/private.hpp belongs to core alone");
  const std::string upwards = "alexnet_folder(core FOLDERS io)\nalexnet_folder(io FOLDERS core)\n";
  expect_breach("CMakeLists.txt", upwards, "CMakeLists.txt: folder 'core' points at 'io', which does not stand above it");
}

}  // namespace
}  // namespace alexnet
