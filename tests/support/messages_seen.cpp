#include "support/messages_seen.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace alexnet {
namespace {

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

// "ops.Lrn.RejectsBadShape" in the program test_ops: the name that ctest knows.
std::string test_name() {
  const std::string program = program_invocation_short_name;
  const std::string folder = program.starts_with("test_") ? program.substr(5) : program;
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return test == nullptr ? folder : fmt::format("{}.{}.{}", folder, test->test_suite_name(), test->name());
}

}  // namespace

void note_message_seen(int exit_code, const std::string& message) {
  const char* path = std::getenv("ALEXNET_MESSAGES_SEEN");
  if (path == nullptr) return;
  const std::string line =
      fmt::format("{{\"test\": {}, \"exit_code\": {}, \"message\": {}}}\n", json_string(test_name()), exit_code, json_string(message));
  // Tests run side by side: one write at the end of the file for each line.
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool written = file >= 0 && write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) close(file);
  EXPECT_TRUE(written) << "ALEXNET_MESSAGES_SEEN: cannot write to " << path;
}

}  // namespace alexnet
