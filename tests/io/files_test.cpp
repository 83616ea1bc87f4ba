#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "io/io_fixture.hpp"

namespace alexnet {
namespace {

using FilesTest = IoTest;

TEST_F(FilesTest, ReadsBackWhatItWrote) {
  const std::string content = std::string("a\0b\n", 4) + std::string(200'000, 'x');
  write_file_atomically(path("f"), content);
  EXPECT_EQ(read_text_file(path("f")), content);
  const std::vector<std::uint8_t> bytes = read_binary_file(path("f"));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), content);
  EXPECT_EQ(num_files(), 1U) << "a temporary file was left";
}

TEST_F(FilesTest, ReadsEmptyFilesAndExactlyFittingOnes) {
  write_file_atomically(path("empty"), "");
  EXPECT_EQ(read_text_file(path("empty")), "");
  write_file_atomically(path("five"), "12345");
  EXPECT_EQ(read_text_file(path("five"), 5), "12345");
}

TEST_F(FilesTest, ReadsAPipe) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string content(100'000, 'p');
  const pid_t writer = fork();
  if (writer == 0) {
    std::ofstream(path("pipe")) << content;
    _exit(0);
  }
  EXPECT_EQ(read_text_file(path("pipe")), content);
}

TEST_F(FilesTest, RefusesWhatIsNotThere) {
  expect_error(ExitCode::no_input, {path("absent"), "No such file"}, [&] { read_text_file(path("absent")); });
  expect_error(ExitCode::no_input, {folder_.path().string(), "folder"}, [&] { read_binary_file(folder_.path().string()); });
}

TEST_F(FilesTest, NamesTheReasonWhenReadingFails) {  // the first bytes of /proc/self/mem are nobody's memory
  expect_error(ExitCode::no_input, {"/proc/self/mem: reading failed: Input/output error"}, [] { read_text_file("/proc/self/mem"); });
}

TEST_F(FilesTest, RefusesLargerThanAllowed) {
  write_file_atomically(path("six"), "123456");
  expect_error(ExitCode::bad_data, {path("six"), "6 bytes", "5 allowed"}, [&] { read_text_file(path("six"), 5); });
  // A file without a size of its own.
  expect_error(ExitCode::bad_data, {"/dev/zero", "1000 bytes"}, [&] { read_binary_file("/dev/zero", 1000); });
}

TEST_F(FilesTest, WritesIntoADeviceInPlace) {
  write_file_atomically("/dev/null", "gone");
  struct stat info = {};
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(FilesTest, NamesPathAndReasonWhenItCannotWrite) {
  expect_error(ExitCode::io_failed, {path("none/f"), "No such file"}, [&] { write_file_atomically(path("none/f"), "x"); });
  std::filesystem::create_directory(path("taken"));
  expect_error(ExitCode::io_failed, {path("taken"), "directory"}, [&] { write_file_atomically(path("taken"), "x"); });
  EXPECT_EQ(num_files(), 1U) << "a temporary file was left";
  expect_error(ExitCode::io_failed, {"/dev/full", "No space left", "free some space"}, [&] { write_file_atomically("/dev/full", "x"); });
}

}  // namespace
}  // namespace alexnet
