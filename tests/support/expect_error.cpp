#include "support/expect_error.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "support/messages_seen.hpp"

namespace alexnet {
namespace {

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  EXPECT_FALSE(words.empty()) << "say what the message must hold: " << message;
  for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << "no '" << word << "' in: " << message;
}

}  // namespace

void expect_error(ExitCode code, const std::vector<std::string>& words, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    const std::string message = e.what();
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    expect_words(message, words);
    note_message_seen(static_cast<int>(e.code()), message);
    return;
  }
  ADD_FAILURE() << "nothing was thrown; expected: " << testing::PrintToString(words);
}

void expect_refused(const CommandResult& result, ExitCode code, const std::vector<std::string>& words) {
  static const std::string kPrefix = "error: ";
  EXPECT_EQ(result.exit_code, static_cast<int>(code)) << result.err;
  EXPECT_EQ(result.out, "");
  std::vector<std::string> errors;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kPrefix)) errors.push_back(line.substr(kPrefix.size()));
  }
  ASSERT_EQ(errors.size(), 1U) << result.err;
  EXPECT_TRUE(result.err.ends_with(errors.front() + "\n")) << "the error is not the last line: " << result.err;
  expect_words(errors.front(), words);
}

}  // namespace alexnet
