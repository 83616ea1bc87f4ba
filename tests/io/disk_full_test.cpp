// A disk that is full, played by RLIMIT_FSIZE: writes past the limit fail with EFBIG.
#include <sys/resource.h>

#include <csignal>

#include "io/io_fixture.hpp"

namespace alexnet {
namespace {

class DiskFullTest : public IoTest {
 protected:
  void SetUp() override {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit_), 0);
  }
  void TearDown() override {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  void limit_files_to(rlim_t bytes) {
    rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }

 private:
  rlimit old_limit_ = {};
  void (*old_handler_)(int) = SIG_DFL;
};

TEST_F(DiskFullTest, LeavesTheOldCheckpointAndNoTemporaryFile) {
  CountingTensors small, large;
  small.add("conv1.weight", {4, 2});
  large.add("conv1.weight", {400, 200});
  write_safetensors(path("last.safetensors"), small.entries(), {});
  const std::string before = read_text_file(path("last.safetensors"));

  limit_files_to(100'000);
  expect_error(ExitCode::io_failed, {path("last.safetensors"), "writing failed", "File too large"},
               [&] { write_safetensors(path("last.safetensors"), large.entries(), {}); });
  limit_files_to(RLIM_INFINITY);

  EXPECT_EQ(read_text_file(path("last.safetensors")), before);
  EXPECT_EQ(num_files(), 1U);
}

TEST_F(DiskFullTest, SmallFilesToo) {
  limit_files_to(10);
  expect_error(ExitCode::io_failed, {path("summary.json"), "File too large"},
               [&] { write_file_atomically(path("summary.json"), "more than ten bytes"); });
  EXPECT_EQ(num_files(), 0U);
}

}  // namespace
}  // namespace alexnet
