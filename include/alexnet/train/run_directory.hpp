// RUN/: where a training writes. config.yaml, environment.json, train.log, metrics.jsonl, summary.json, checkpoints/, last and best.
#pragma once

#include <cstdint>
#include <string>

namespace alexnet {

enum class ResumeMode { fresh, if_possible, must };

class RunDirectory {
 public:
  // Makes the folder if need be and locks it. Throws Error(output_exists) when it holds a run and `mode` is fresh, or when another
  // process trains in it; Error(no_input) when `must` finds no checkpoint; Error(io_failed).
  RunDirectory(std::string path, ResumeMode mode);
  // That of another rank, which writes it: names its files and no more.
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const;
  bool has_checkpoint() const;  // last.safetensors
  std::string checkpoint_file(std::uint64_t step) const;
  // Makes `name` (last.safetensors, best.safetensors) a hard link to the step's checkpoint; the old one stays until the new one stands.
  void link_checkpoint(std::uint64_t step, const std::string& name) const;
  void remove_old_checkpoints(std::int64_t keep) const;  // all but the `keep` newest; last and best stay

 private:
  std::string path_;
  int lock_ = -1;
};

// runs/<config>-<date-time>, not there yet; and, once it is there, the link runs/latest to it.
std::string default_run_directory(const std::string& config_name);
void link_latest(const std::string& run_directory);

}  // namespace alexnet
