// scripts/miniature_ilsvrc2012: what it refuses. That `alexnet prepare` reads what it writes stands in tests/cmd.
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/limits.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

class MiniatureIlsvrc2012Test : public testing::Test {
 protected:
  void refused(ExitCode code, const std::string& words, const std::vector<std::string>& more = {}, const RunOptions& options = {}) {
    std::vector<std::string> command = {ALEXNET_SOURCE_DIR "/scripts/miniature_ilsvrc2012", folder_ / "in", folder_ / "out"};
    command.insert(command.end(), more.begin(), more.end());
    expect_refused(run_command(command, options), code, {"miniature_ilsvrc2012: ", words});
  }
  TemporaryFolder folder_;
};

TEST_F(MiniatureIlsvrc2012Test, SaysWhatIsWrong) {
  RunOptions without_scipy;
  without_scipy.env = {{"PYTHONPATH", folder_ / "modules"}};
  folder_.write("modules/scipy/__init__.py", "raise ImportError");
  refused(ExitCode::no_input, "/in: no such folder");
  refused(ExitCode::command_line, "invalid choice: 'zip'", {"--form", "zip"});
  folder_.write("in/n00000001/1.JPEG", "x");
  refused(ExitCode::command_line, "--val-per-class -1: must not be negative", {"--val-per-class", "-1"});
  refused(ExitCode::unavailable, "Python's scipy is missing; run scripts/setup test", {}, without_scipy);
  if (run_command({"/usr/bin/python3", "-c", "import scipy.io"}).exit_code != 0) GTEST_SKIP() << "scipy is not installed";
  refused(ExitCode::bad_data, "/in: 1 class folders; two are needed");
  folder_.write("in/n00000002/readme.txt", "x");
  refused(ExitCode::bad_data, "/in/n00000002: no picture in it");
  folder_.write("in/dog/1.JPEG", "x");
  refused(ExitCode::bad_data, "/in/dog: not called by a WordNet id such as n01440764");
  std::filesystem::remove_all(folder_ / "in/dog");
  folder_.write("in/n00000002/1.JPEG", "x");
  folder_.write("out", "a file");
  refused(ExitCode::output_exists, "/out: exists and is not an empty folder");
  std::filesystem::remove(folder_ / "out");
  RunOptions full;
  full.file_size_limit_bytes = 1000;
  full.env = {{"PYTHONDONTWRITEBYTECODE", "1"}};
  refused(ExitCode::io_failed, "File too large", {}, full);
}

}  // namespace
}  // namespace alexnet
