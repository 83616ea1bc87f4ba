// RUN/metrics.jsonl: one JSON object a line, flushed; a value that is not finite is null.
#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace alexnet {

class MetricsFile {
 public:
  // Opens for appending. On resume, lines of steps after `last_step`, and a last line cut short, are removed first.
  // Throws Error(io_failed).
  MetricsFile(const std::string& path, bool resume, std::uint64_t last_step);
  // Adds "time_s", the seconds of the whole run so far, resumes included. A line that cannot be written is a warning: training goes on.
  void write(nlohmann::json line);
  double time_s() const;
  double earlier_time_s() const { return earlier_time_s_; }  // of the runs before this resume

 private:
  std::string path_;
  std::ofstream file_;
  double earlier_time_s_ = 0;
  double started_s_ = 0;  // of the steady clock
};

}  // namespace alexnet
