#include "train/metrics_file.hpp"

#include <cmath>
#include <filesystem>
#include <sstream>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"
#include "train/progress.hpp"

namespace alexnet {
namespace {

void replace_not_finite(nlohmann::json& value) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    value = nullptr;
  } else if (value.is_structured()) {
    for (auto& element : value) replace_not_finite(element);
  }
}

}  // namespace

MetricsFile::MetricsFile(const std::string& path, bool resume, std::uint64_t last_step) : path_(path), started_s_(now_s()) {
  if (resume && std::filesystem::exists(path)) {
    std::string kept;
    std::istringstream lines(read_text_file(path, std::size_t{1} << 30));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, false);
      if (!json.is_object() || !json.contains("step") || !json["step"].is_number_unsigned()) continue;
      if (json["step"].get<std::uint64_t>() > last_step) continue;
      if (json.contains("time_s") && json["time_s"].is_number()) earlier_time_s_ = json["time_s"].get<double>();
      kept += line + "\n";
    }
    write_file_atomically(path, kept);
  }
  file_.open(path, resume ? std::ios::app : std::ios::trunc);  // lines of a run that ended before its first checkpoint go
  if (!file_) fail(ExitCode::io_failed, "{}: cannot be opened for writing", path);
}

void MetricsFile::write(nlohmann::json line) {
  line["time_s"] = std::round(time_s() * 1000) / 1000;
  replace_not_finite(line);
  file_ << line.dump() << std::endl;
  if (!file_) {
    log::warning("{}: writing failed (disk full?); the line is lost, training goes on", path_);
    file_.clear();
  }
}

double MetricsFile::time_s() const { return earlier_time_s_ + now_s() - started_s_; }

}  // namespace alexnet
