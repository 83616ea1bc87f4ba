// Runs a program as a user would, without a shell: arguments in, exit code and both outputs back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alexnet {

struct CommandResult {
  int exit_code = -1;  // 128 + n: ended by signal n; 127: could not be started
  std::string out, err;
};

struct RunOptions {
  std::string in{};                                        // what the program reads from stdin
  std::vector<std::pair<std::string, std::string>> env{};  // added to, or replacing, the test's own variables
  std::string cwd{};                                       // "": the test's own
  std::optional<std::uint64_t> file_size_limit_bytes{};    // RLIMIT_FSIZE: a write beyond it fails, as on a full disk
  double timeout_s = 300;                                  // then it is killed (exit code 137)
};

// argv[0] is a path, or a name looked for in PATH. Throws std::runtime_error when pipes or fork fail.
CommandResult run_command(const std::vector<std::string>& argv, const RunOptions& options = {});

// The built executable, with `args` after its name.
CommandResult run_alexnet(std::vector<std::string> args, const RunOptions& options = {});

}  // namespace alexnet
