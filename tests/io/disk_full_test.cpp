// A disk that is full, played by RLIMIT_FSIZE: writes past the limit fail with EFBIG.
#include "io/io_fixture.hpp"
#include "support/limits.hpp"

namespace alexnet {
namespace {

using DiskFullTest = IoTest;

TEST_F(DiskFullTest, LeavesTheOldCheckpointAndNoTemporaryFile) {
  CountingTensors small, large;
  small.add("conv1.weight", {4, 2});
  large.add("conv1.weight", {400, 200});
  write_safetensors(path("last.safetensors"), small.entries(), {});
  const std::string before = read_text_file(path("last.safetensors"));

  expect_error(ExitCode::io_failed, {path("last.safetensors"), "writing failed", "File too large"}, [&] {
    const FileSizeLimit limit(100'000);
    write_safetensors(path("last.safetensors"), large.entries(), {});
  });

  EXPECT_EQ(read_text_file(path("last.safetensors")), before);
  EXPECT_EQ(num_files(), 1U);
}

TEST_F(DiskFullTest, SmallFilesToo) {
  expect_error(ExitCode::io_failed, {path("summary.json"), "File too large"}, [&] {
    const FileSizeLimit limit(10);
    write_file_atomically(path("summary.json"), "more than ten bytes");
  });
  EXPECT_EQ(num_files(), 0U);
}

}  // namespace
}  // namespace alexnet
