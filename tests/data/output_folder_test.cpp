// What keeps a data set from being written where it is to go.
#include "data/output_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "support/expect_error.hpp"
#include "support/limits.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

class OutputFolderTest : public testing::Test {
 protected:
  OutputFolderTest() { ::chmod(folder_.path().c_str(), 0755); }
  void expect_refusal(ExitCode code, const std::vector<std::string>& words) {
    expect_error(code, words, [&] { const OutputFolder output(folder_ / "set"); });
  }
  TemporaryFolder folder_;
};

TEST_F(OutputFolderTest, MustBeReadable) {
  std::filesystem::create_directory(folder_ / "set");
  ::chmod((folder_ / "set").c_str(), 0);
  expect_error(ExitCode::io_failed, {"/set: cannot be listed: Permission denied"}, [&] {
    const NotRoot user;
    OutputFolder::require_free_name(folder_ / "set");
  });
  ::chmod((folder_ / "set").c_str(), 0755);
}

TEST_F(OutputFolderTest, MustBeWritable) {
  std::filesystem::create_directories(folder_ / "set/.partial");
  ::chmod((folder_ / "set/.partial").c_str(), 0555);
  expect_error(ExitCode::io_failed, {"/set/.partial: cannot be written to: Permission denied"}, [&] {
    const NotRoot user;
    const OutputFolder output(folder_ / "set");
  });
}

TEST_F(OutputFolderTest, MustBeEmptiable) {
  folder_.write("set/.partial/of another/file", "");
  ::chmod((folder_ / "set/.partial/of another").c_str(), 0555);
  ::chmod((folder_ / "set/.partial").c_str(), 0777);
  ::chmod((folder_ / "set").c_str(), 0777);
  expect_error(ExitCode::io_failed, {"/set/.partial: cannot be emptied: "}, [&] {
    const NotRoot user;
    OutputFolder output(folder_ / "set");
    output.clear_partial();
  });
  ::chmod((folder_ / "set/.partial/of another").c_str(), 0755);
}

TEST_F(OutputFolderTest, IsWrittenByOneProcess) {
  const int lock = ::open(folder_.write("set/.partial/lock", "").c_str(), O_RDWR);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  expect_refusal(ExitCode::output_exists, {"/set: another `alexnet prepare` is writing there"});
  ::close(lock);
}

TEST_F(OutputFolderTest, NamesWhatCannotBeRenamed) {
  OutputFolder output(folder_ / "set");
  folder_.write("set/.partial/train-000000.tar", "pictures");
  folder_.write("set/train-000000.tar/came in between", "");
  expect_error(ExitCode::io_failed, {"/set: files cannot be renamed from ", "set/.partial: Is a directory"}, [&] { output.commit(); });
}

}  // namespace
}  // namespace alexnet
