// What scripts say when something is missing: programs and modules are played by stubs that stand first in PATH.
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

std::string script(const std::string& name) { return ALEXNET_SOURCE_DIR "/scripts/" + name; }

class ScriptRefusalsTest : public testing::Test {
 protected:
  void program(const std::string& name, const std::string& lines) {
    fs::permissions(folder_.write(name, "#!/bin/sh\n" + lines + "\n"), fs::perms::owner_all);
  }
  // Real programs, where PATH is to hold nothing else.
  void keep(const std::vector<std::string>& names) {
    fs::create_directories(folder_.path() / "bin");
    for (const std::string& name : names) {
      const fs::path place = fs::exists("/usr/bin/" + name) ? "/usr/bin/" + name : "/bin/" + name;
      fs::create_symlink(place, folder_.path() / "bin" / name);
    }
  }
  static RunOptions with(const std::string& name, const std::string& value) {
    RunOptions options;
    options.env = {{name, value}};
    return options;
  }
  static bool has_module(const std::string& name) { return run_command({"/usr/bin/python3", "-c", "import " + name}).exit_code == 0; }

  TemporaryFolder folder_;
};

TEST_F(ScriptRefusalsTest, SetupNeedsRootAndAptGet) {
  keep({"bash", "env", "awk", "comm", "sort", "paste", "fold", "sed"});
  program("bin/dpkg-query", "exit 1");
  program("bin/apt-get", "exit 100");
  program("bin/id", "echo 1000");
  const RunOptions options = with("PATH", folder_ / "bin");
  const CommandResult user = run_command({script("setup"), "plot"}, options);
  if (user.err.find("not debian 12") != std::string::npos) GTEST_SKIP() << user.err;
  EXPECT_NE(user.err.find("error: setup: not root and no sudo; let root run: apt-get install python3"), std::string::npos) << user.err;
  EXPECT_EQ(user.exit_code, 69);
  program("bin/id", "echo 0");
  const CommandResult root = run_command({script("setup"), "plot"}, options);
  EXPECT_NE(root.err.find("error: setup: apt-get install failed; install by hand: apt-get install python3"), std::string::npos) << root.err;
  EXPECT_EQ(root.exit_code, 69);
}

TEST_F(ScriptRefusalsTest, QuickstartTellsHowTrainingEnded) {
  fs::create_directories(folder_.path() / "scripts");
  fs::copy_file(script("quickstart"), folder_.path() / "scripts/quickstart");
  program("scripts/setup", "exit 0");
  program("bin/cmake", "exit 0");
  const RunOptions options = with("PATH", folder_ / "bin:/usr/bin:/bin");
  program("build/alexnet", "test $1 = prepare || exit 75");
  expect_refused(run_command({folder_ / "scripts/quickstart"}, options), ExitCode::run_again,
                 {"quickstart: stopped; run the same command again to go on"});
  program("build/alexnet", "test $1 = prepare || exit 74");
  expect_refused(run_command({folder_ / "scripts/quickstart"}, options), ExitCode::io_failed,
                 {"quickstart: training ended with exit code 74"});
}

TEST_F(ScriptRefusalsTest, CheckNamesWhatItMisses) {
  keep({"env", "python3", "which", "git"});
  expect_refused(run_command({script("check")}, with("PATH", folder_ / "bin")), ExitCode::answer_is_no,
                 {"check: clang-format is missing; run scripts/setup test"});
  for (const char* tool : {"clang-format", "clang-tidy", "shellcheck"}) program(std::string("bin/") + tool, "exit 0");
  RunOptions options = with("PATH", folder_ / "bin");
  options.env.emplace_back("GIT_DIR", "/nowhere");
  expect_refused(run_command({script("check")}, options), ExitCode::answer_is_no, {"check: git ls-files: ", "/nowhere"});
  folder_.write("modules/yaml.py", "raise ImportError\n");
  fs::remove(folder_.path() / "bin/git");  // a link to the real one
  program("bin/git", "printf 'configs/smoke.yaml\\0'");
  options.env.back() = {"PYTHONPATH", folder_ / "modules"};
  expect_refused(run_command({script("check")}, options), ExitCode::answer_is_no, {"check: PyYAML is missing; run scripts/setup test"});
}

TEST_F(ScriptRefusalsTest, FuzzKnowsItsTargetsAndNeedsClang) {
  const ExitCode wrong = ExitCode::command_line;
  expect_refused(run_command({script("fuzz"), "--seconds", "soon"}), wrong, {"fuzz: --seconds 'soon': must be a whole number"});
  expect_refused(run_command({script("fuzz"), "--hard"}), wrong, {"fuzz: unknown argument '--hard'; see scripts/fuzz --help"});
  expect_refused(run_command({script("fuzz"), "everything"}), wrong, {"fuzz: no target 'everything'; there are: config dataset "});
  keep({"bash", "env", "dirname", "basename", "paste"});
  expect_refused(run_command({script("fuzz")}, with("PATH", folder_ / "bin")), ExitCode::unavailable,
                 {"fuzz: clang++ is missing; run scripts/setup fuzz first"});
}

TEST_F(ScriptRefusalsTest, BenchPrepareNeedsPictures) {
  expect_refused(run_command({script("bench_prepare"), folder_.path().string(), "--alexnet", "/bin/true"}), ExitCode::no_input,
                 {"bench_prepare: ", ": no pictures in it (.jpg, .jpeg, .png)"});
}

TEST_F(ScriptRefusalsTest, PlotRunNeedsMatplotlib) {
  folder_.write("modules/matplotlib.py", "raise ImportError\n");
  folder_.write("run/metrics.jsonl", "{\"kind\":\"train\",\"step\":1,\"loss\":1}\n");
  expect_refused(run_command({script("plot_run"), folder_ / "run"}, with("PYTHONPATH", folder_ / "modules")), ExitCode::unavailable,
                 {"plot_run: matplotlib is missing; run scripts/setup plot"});
}

TEST_F(ScriptRefusalsTest, ComparisonsNeedTheProgramAndTheOthers) {
  const RunOptions options = with("PYTHONPATH", folder_ / "modules");
  for (const std::string name : {"bench_peers", "bench_loader"}) {
    expect_refused(run_command({script(name), "--alexnet", "/nowhere/alexnet"}), ExitCode::no_input,
                   {name + ": /nowhere/alexnet: there is no such executable; build it first"});
    EXPECT_EQ(run_command({script(name), "--alexnett"}).exit_code, 64);
    if (name == "bench_loader")
      expect_refused(run_command({script(name), "--workers", "1"}), ExitCode::command_line,
                     {"bench_loader: --workers 1: must be 2 or more; one worker is measured in any case"});
    const std::vector<std::string> command = {script(name), "--alexnet", "/bin/true", "--venv", folder_ / name};
    folder_.write("modules/venv.py", "import sys\nprint('ensurepip is not available')\nsys.exit(1)\n");
    expect_refused(run_command(command, options), ExitCode::unavailable,
                   {name + ": no virtual environment can be made; run scripts/setup peers first: ensurepip is not available"});
    program("python3", "echo no network >&2; exit 1");
    folder_.write("modules/venv.py", "import os, sys\nos.makedirs(sys.argv[1] + '/bin')\nos.rename('" + (folder_ / "python3") +
                                         "', sys.argv[1] + '/bin/python3')\n");
    expect_refused(run_command(command, options), ExitCode::unavailable, {name + ": pip install torch ", " failed: no network"});
  }
}

TEST_F(ScriptRefusalsTest, BenchPeersComparesEqualNetworksOnly) {
  program("alexnet", "exit 0");
  program("dump_steps", "exit 0");
  fs::create_directories(folder_.path() / "venv/bin");
  program("venv/bin/python3", R"(test "$1" = -c || echo '{"peer": "PyTorch 0", "loss": 2.5, "ours": 2.25}')");
  const std::vector<std::string> command = {script("bench_peers"), "--alexnet", folder_ / "alexnet", "--venv", folder_ / "venv"};
  const CommandResult result = run_command(command);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("error: bench_peers: the peer computes another loss: 2.5 instead of 2.25"), std::string::npos) << result.err;
  program("dump_steps", "echo error: no such config >&2; exit 78");
  expect_refused(run_command(command), ExitCode::configuration, {"no such config"});
}

TEST_F(ScriptRefusalsTest, DrawnBaselinesNeedsRawPictures) {
  if (!has_module("sklearn")) GTEST_SKIP() << "scikit-learn is not installed";
  folder_.write("set/dataset.json", R"({"splits": {"train": {"shards": [{"file": "a.tar"}]}}, "classes": []})");
  folder_.write("0.jpg", "\xff\xd8\xff\xe0 and so on");
  ASSERT_EQ(run_command({"tar", "-C", folder_.path(), "-cf", folder_ / "set/a.tar", "0.jpg"}).exit_code, 0);
  expect_refused(run_command({script("drawn_baselines"), folder_ / "set"}), ExitCode::answer_is_no,
                 {"drawn_baselines: no raw pictures; prepare the data set with --encoding raw"});
  folder_.write("set/dataset.json", R"({"splits": {}, "classes": []})");
  expect_refused(run_command({script("drawn_baselines"), folder_ / "set"}), ExitCode::answer_is_no,
                 {"drawn_baselines: " + (folder_ / "set") + " has no split train"});
}

}  // namespace
}  // namespace alexnet
