// The smoke experiment of configs/smoke.yaml and the drawn data set that it is made for, for tests of whole commands.
#pragma once

#include <string>
#include <vector>

#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

// A folder with the prepared data set at data/smoke; commands run in it find it where the config says.
class SmokeFolder {
 public:
  SmokeFolder();
  const TemporaryFolder& folder() const { return folder_; }
  std::string operator/(std::string_view name) const { return folder_ / name; }
  // Runs the executable in the folder, on one thread: bitwise the same wherever it runs.
  CommandResult run(std::vector<std::string> args, RunOptions options = {}) const;
  // train --config smoke --run-dir RUN plus `more`.
  CommandResult train(const std::string& run, std::vector<std::string> more = {}, RunOptions options = {}) const;

 private:
  TemporaryFolder folder_;
};

// Made once for all tests of a program.
const SmokeFolder& smoke();

// The lines of RUN/metrics.jsonl without clock readings, of the kinds that describe training ("train", "validation", "layers").
std::vector<std::string> training_lines(const std::string& metrics_path);

// All bytes of a file; "" when it is not there.
std::string read_file(const std::string& path);

}  // namespace alexnet
