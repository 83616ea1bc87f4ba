// Progress of `prepare` on the terminal, and its bad files.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/append_file.hpp"

namespace alexnet {

class PrepareReport {
 public:
  // bad_files: path of the list of bad files, which is made with the first of them.
  PrepareReport(std::string source, std::uint64_t num_items, std::uint64_t max_bad, std::string bad_files);
  // Goes on after so many pictures; the list then has bad_bytes.
  void resume(std::uint64_t num_done, std::uint64_t num_bad, std::uint64_t bad_bytes);

  // Both count one picture, and return false when no more should be read: past the limit the next kLookAhead pictures are still read,
  // so that one run names more than one bad file.
  bool good();
  bool bad(const std::string& split, const std::string& path, const std::string& class_id, const std::string& reason);
  // A line of progress, now and then.
  void show(std::string_view split, std::string_view what, std::uint64_t num_done, std::uint64_t num_items);

  bool over_limit() const { return num_bad_ > max_bad_; }
  // Throws Error(bad_data) with the first bad files when there are more than allowed. `kept`: the folder that a higher limit goes on
  // from; "": none.
  void check_limit(const std::string& kept) const;
  void finish() const;  // clears the status line

  std::uint64_t num_bad() const { return num_bad_; }
  // Bytes of the list, all of it on disk.
  std::uint64_t sync();
  double seconds() const;

 private:
  bool count();

  using Clock = std::chrono::steady_clock;
  std::string source_, bad_files_path_;
  std::uint64_t num_items_, max_bad_, num_done_ = 0, num_resumed_ = 0, num_bad_ = 0, num_looked_ahead_ = 0;
  Clock::time_point begin_ = Clock::now(), shown_ = begin_;
  std::vector<std::string> first_;  // "path: reason"
  std::optional<AppendFile> bad_files_;
};

// "1:05", minutes and seconds; "": less than a second, or not known.
std::string time_left(std::uint64_t num_left, double per_second);

}  // namespace alexnet
