// The one exception of the program, and the exit codes that `main` turns it into.
//
// A message says what was wrong, with which value, where (file, line, key, tensor) and what to do about it, in one line.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace alexnet {

// Exit codes of the executable; sysexits(3) where one fits.
enum class ExitCode : int {
  done = 0,
  answer_is_no = 1,  // it ran, and the answer is no: training diverged, damage found by --verify
  command_line = 64,
  bad_data = 65,       // pictures, shards, checkpoint; a data set that does not fit the checkpoint
  no_input = 66,       // an input file is missing or not readable
  unavailable = 69,    // the device or backend asked for is not there
  internal = 70,       // a bug of ours
  out_of_memory = 71,  // host or device
  output_exists = 73,  // the output exists already, or the run directory is in use
  io_failed = 74,      // reading or writing failed (disk full, permission)
  run_again = 75,      // stopped on request after a checkpoint: run again with --resume
  rank_lost = 76,      // another rank was lost or hung
  configuration = 78,
  interrupted = 130,  // SIGINT, after a checkpoint
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Throws Error(code, formatted message).
template <class... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// "cifar10_quik" -> the nearest of `known` by edit distance, or "" when none is near. For "did you mean" in messages.
template <class Range>
std::string nearest_name(const std::string& name, const Range& known);

std::size_t edit_distance(const std::string& a, const std::string& b);

template <class Range>
std::string nearest_name(const std::string& name, const Range& known) {
  std::string best;
  std::size_t best_distance = name.size() / 2 + 2;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace alexnet
