#include "data/prepare_report.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

constexpr std::uint64_t kLookAhead = 1000;
constexpr std::size_t kNamed = 3;        // bad files in the error's line
constexpr std::uint64_t kWarnings = 20;  // bad files in the log; all are in bad_files.jsonl

}  // namespace

PrepareReport::PrepareReport(std::string source, std::uint64_t num_items, std::uint64_t max_bad, std::string bad_files)
    : source_(std::move(source)), bad_files_path_(std::move(bad_files)), num_items_(num_items), max_bad_(max_bad) {}

void PrepareReport::resume(std::uint64_t num_done, std::uint64_t num_bad, std::uint64_t bad_bytes) {
  num_done_ = num_resumed_ = num_done;
  num_bad_ = num_bad;
  std::error_code error;
  if (num_bad > 0)
    bad_files_.emplace(bad_files_path_, bad_bytes);
  else
    std::filesystem::remove(bad_files_path_, error);  // of pictures that were read, but not saved, when it was killed
}

bool PrepareReport::good() { return count(); }

bool PrepareReport::bad(const std::string& split, const std::string& path, const std::string& class_id, const std::string& reason) {
  ++num_bad_;
  if (num_bad_ <= kWarnings) log::warning("{}: {}", escaped(path), reason);
  if (num_bad_ == kWarnings + 1) log::warning("more bad files: no further ones are named here");
  if (first_.size() < kNamed) first_.push_back(fmt::format("{}: {}", escaped(path), reason));
  if (!bad_files_) bad_files_.emplace(bad_files_path_);
  const nlohmann::ordered_json line = {{"split", split}, {"source", path}, {"class", class_id}, {"reason", reason}};
  bad_files_->write(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  return count();
}

bool PrepareReport::count() {
  ++num_done_;
  if (over_limit() && ++num_looked_ahead_ > kLookAhead) return false;
  show("all splits", "pictures", num_done_, num_items_);
  return true;
}

void PrepareReport::show(std::string_view split, std::string_view what, std::uint64_t num_done, std::uint64_t num_items) {
  const auto now = Clock::now();
  const bool terminal = log::stderr_is_terminal();
  if (now - shown_ < (terminal ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000))) return;
  shown_ = now;
  const double rate = static_cast<double>(num_done_ - num_resumed_) / seconds();
  const std::string left = time_left(num_items_ - num_done_, rate);
  const std::string text = fmt::format("{}: {} of {} {}{}", split, num_done, num_items, what,
                                       left.empty() ? "" : fmt::format(", {:.0f} a second, {} bad, {} left", rate, num_bad_, left));
  if (terminal) {
    log::status_line(text);
  } else {
    log::info("{}", text);
  }
}

std::uint64_t PrepareReport::sync() {
  if (!bad_files_) return 0;
  bad_files_->sync();
  return bad_files_->length();
}

void PrepareReport::check_limit(const std::string& kept) const {
  if (!over_limit()) return;
  fail(ExitCode::bad_data,
       "{}: {} of {} pictures looked at cannot be read, --max-bad allows {}: {}{}; repair or remove them{}, or raise --max-bad{}", source_,
       num_bad_, num_done_, max_bad_, fmt::join(first_, "; "), num_bad_ > first_.size() ? "; ..." : "",
       kept.empty() ? "" : " and start again without " + kept, kept.empty() ? "" : ": then the same command goes on");
}

void PrepareReport::finish() const { log::status_line(""); }

double PrepareReport::seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

std::string time_left(std::uint64_t num_left, double per_second) {
  if (num_left == 0 || !(per_second > 0)) return "";  // nothing read in this run
  const auto left = static_cast<std::uint64_t>(static_cast<double>(num_left) / per_second);
  return left > 0 ? fmt::format("{}:{:02}", left / 60, left % 60) : "";
}

}  // namespace alexnet
