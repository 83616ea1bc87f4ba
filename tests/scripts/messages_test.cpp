// scripts/messages in a small repository of its own: what it reads from the source, what it calls tested.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The one message of the script itself.
const std::string kOwnNote =
    R"({"test": "scripts.Own", "exit_code": 1, "message": "messages: f: no such file; run ctest with ALEXNET_MESSAGES_SEEN=f"})"
    "\n";

class MessagesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "scripts");
    for (const std::string name : {"scripts/messages", "scripts/message_formats.py"})
      std::filesystem::copy_file(std::string(ALEXNET_SOURCE_DIR) + "/" + name, folder_ / name);
    std::filesystem::create_directories(folder_ / "include/alexnet/core");
    std::filesystem::copy_file(ALEXNET_SOURCE_DIR "/include/alexnet/core/error.hpp", folder_ / "include/alexnet/core/error.hpp");
    folder_.write("seen.jsonl", kOwnNote);
  }
  std::string listed(const std::string& source) {
    folder_.write("src/io/files.cpp", source);
    messages({});
    std::ifstream file(folder_ / "docs/messages.md");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  CommandResult messages(const std::vector<std::string>& more) {
    std::vector<std::string> command = {folder_ / "scripts/messages", folder_ / "seen.jsonl"};
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command);
  }
  TemporaryFolder folder_;
};

TEST_F(MessagesTest, ReadsEveryFormOfTheSource) {
  EXPECT_THAT(listed(R"(
void f() {
  if (a) fail(ExitCode::bad_data, "{}: one format "  // a remark
                                  "in two literals", path, g("no, not this"));
  fail(ExitCode::no_input, short_one ? "too short: {}" : "too long: {}", n);
  throw Error(ExitCode::io_failed, fmt::format("{} {{braces}}", x));
  log::warning("a warning about {}", x);
  fail(ExitCode::internal, "a bug of ours");
  fail(e.code(), "{}: {}", path, e.what());
}
[[noreturn]] void refuse(const std::string& what) {
  fail(ExitCode::bad_data, "tensor '{}' {}", name, what);
}
void g() { refuse("has no " + kind); }
)"),
              AllOf(HasSubstr("## 65: bad data"), HasSubstr("| `` {}: one format in two literals `` | src/io/files.cpp |"),
                    HasSubstr("`` too short: {} ``"), HasSubstr("`` too long: {} ``"), HasSubstr("`` {} {braces} ``"),
                    HasSubstr("## Warnings"), HasSubstr("`` a warning about {} ``"), HasSubstr("`` tensor '{}' has no {} ``"),
                    Not(HasSubstr("bug of ours")), Not(HasSubstr("not this"))));
}

TEST_F(MessagesTest, TheMostSpecificFormatOfTheSameCodeCountsAsTested) {
  folder_.write("seen.jsonl", kOwnNote +
                                  R"({"test": "io.Files.Reads", "exit_code": 65, "message": "x.yaml:3: key k is 3; it must be one of 4 5"}
{"test": "io.Files.Writes", "exit_code": 64, "message": "y: cut short"}
)");
  const std::string list = listed(R"(void f() {
  fail(ExitCode::bad_data, "key {} is {}", a, b);
  fail(ExitCode::bad_data, "key {} is {}; it must be one of {}", a, b, c);
  fail(ExitCode::bad_data, "{}: cut short", a);
}
)");
  EXPECT_THAT(list, HasSubstr("`` key {} is {}; it must be one of {} `` | src/io/files.cpp | io.Files.Reads |"));
  EXPECT_THAT(list, HasSubstr("`` key {} is {} `` | src/io/files.cpp | none: to be written |"));
  EXPECT_THAT(list, HasSubstr("`` {}: cut short `` | src/io/files.cpp | none: to be written |"));
  const CommandResult result = messages({"--check"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("without a test: src/io/files.cpp: {}: cut short"), HasSubstr("without a test: 2;")));
}

TEST_F(MessagesTest, AnOldListIsNotAccepted) {
  folder_.write("seen.jsonl", kOwnNote + R"({"test": "io.Files.Reads", "exit_code": 65, "message": "damaged"}
{"test": "io.Files.Writes", "exit_code": 65, "message": "gone"}
)");
  listed("void f() { fail(ExitCode::bad_data, \"damaged\"); }\n");
  EXPECT_EQ(messages({"--check"}).exit_code, 0);
  folder_.write("src/io/files.cpp", "void f() { fail(ExitCode::bad_data, \"gone\"); }\n");
  const CommandResult result = messages({"--check"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("docs/messages.md is not what the source says: run scripts/messages"));
}

TEST_F(MessagesTest, NotesThatAreNotThereAreNamed) {
  std::filesystem::remove(folder_ / "seen.jsonl");
  expect_refused(messages({}), ExitCode::answer_is_no, {"messages: ", "seen.jsonl: no such file; run ctest with ALEXNET_MESSAGES_SEEN="});
}

// What a test looks at is noted where scripts/messages finds it.
TEST_F(MessagesTest, TestsNoteWhatTheyLookAt) {
  const std::string notes = folder_ / "notes.jsonl";
  const char* before = std::getenv("ALEXNET_MESSAGES_SEEN");
  const std::string kept = before != nullptr ? before : "";
  setenv("ALEXNET_MESSAGES_SEEN", notes.c_str(), 1);
  expect_error(ExitCode::bad_data, {"tab"}, [] { fail(ExitCode::bad_data, "a \"tab\"\t."); });
  run_command({"/bin/sh", "-c", "echo 'error: as a program says it' >&2; echo 'warning: but' >&2; echo nothing >&2; exit 66"});
  before != nullptr ? setenv("ALEXNET_MESSAGES_SEEN", kept.c_str(), 1) : unsetenv("ALEXNET_MESSAGES_SEEN");
  std::ifstream file(notes);
  const std::string name = R"({"test": "scripts.MessagesTest.TestsNoteWhatTheyLookAt", "exit_code": )";
  for (const std::string rest :
       {R"(65, "message": "a \"tab\"\u0009."})", R"(66, "message": "as a program says it"})", R"(66, "message": "warning: but"})"}) {
    std::string line;
    EXPECT_TRUE(std::getline(file, line));
    EXPECT_EQ(line, name + rest);
  }
}

}  // namespace
}  // namespace alexnet
