#include "alexnet/train/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alexnet/io/files.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

void expect_refused(const std::string& path, ResumeMode mode, ExitCode code, const std::string& words) {
  expect_error(code, {words}, [&] { const RunDirectory run(path, mode); });
}

TEST(RunDirectoryTest, RefusesOneThatHoldsARun) {
  const TemporaryFolder folder;
  folder.write("run/config.yaml", "seed: 1\n");
  expect_refused(folder / "run", ResumeMode::fresh, ExitCode::output_exists, "holds a run already: add --resume");
  const RunDirectory resumed(folder / "run", ResumeMode::if_possible);
  EXPECT_FALSE(resumed.has_checkpoint());
}

TEST(RunDirectoryTest, MustResumeNeedsACheckpoint) {
  const TemporaryFolder folder;
  expect_refused(folder / "run", ResumeMode::must, ExitCode::no_input, "--resume=must, but there is no last.safetensors");
}

TEST(RunDirectoryTest, IsLockedWhileItIsUsed) {
  const TemporaryFolder folder;
  {
    const RunDirectory run(folder / "run", ResumeMode::fresh);
    expect_refused(folder / "run", ResumeMode::if_possible, ExitCode::output_exists, "another process trains in it now");
  }
  const RunDirectory again(folder / "run", ResumeMode::if_possible);
}

TEST(RunDirectoryTest, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  folder.write("file", "");
  expect_refused(folder / "file/run", ResumeMode::fresh, ExitCode::io_failed, "cannot be made");
}

TEST(RunDirectoryTest, FilesThatCannotBeMadeAreNamed) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "run/.lock");
  expect_refused(folder / "run", ResumeMode::fresh, ExitCode::io_failed, "run/.lock: cannot be opened: Is a directory");
  std::filesystem::remove(folder / "run/.lock");
  const RunDirectory run(folder / "run", ResumeMode::fresh);
  write_file_atomically(run.checkpoint_file(5), "5");
  folder.write("run/last.safetensors/file", "");
  expect_error(ExitCode::io_failed, {"run/last.safetensors: cannot be made from ", "step-00000005.safetensors", "directory"},
               [&] { run.link_checkpoint(5, "last.safetensors"); });
}

TEST(RunDirectoryTest, LinksReplaceEachOtherAndOutliveTheirFile) {
  const TemporaryFolder folder;
  const RunDirectory run(folder / "run", ResumeMode::fresh);
  for (const std::uint64_t step : {5U, 10U, 15U}) {
    write_file_atomically(run.checkpoint_file(step), std::to_string(step));
    run.link_checkpoint(step, "last.safetensors");
    if (step == 5) run.link_checkpoint(step, "best.safetensors");
    run.remove_old_checkpoints(1);
  }
  EXPECT_TRUE(run.has_checkpoint());
  EXPECT_EQ(read_text_file(run.file("last.safetensors")), "15");
  EXPECT_EQ(read_text_file(run.file("best.safetensors")), "5");
  EXPECT_FALSE(std::filesystem::exists(run.checkpoint_file(10)));
  EXPECT_TRUE(std::filesystem::exists(run.checkpoint_file(15)));
}

TEST(RunDirectoryTest, LatestFollowsTheNewestRun) {
  const TemporaryFolder folder;
  folder.write("runs/a/x", "");
  folder.write("runs/b/x", "");
  link_latest(folder / "runs/a");
  link_latest(folder / "runs/b");
  EXPECT_EQ(std::filesystem::read_symlink(folder / "runs/latest"), "b");
}

TEST(RunDirectoryTest, DefaultNamesCarryTheConfig) {
  EXPECT_THAT(default_run_directory("quickstart"), testing::MatchesRegex("runs/quickstart-[0-9]+-[0-9]+(-[0-9]+)?"));
}

}  // namespace
}  // namespace alexnet
