// Progress of `prepare`, its bad files, and the small text files it writes line by line.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

class PrepareReport {
 public:
  PrepareReport(std::string source, std::uint64_t num_items, std::uint64_t max_bad);

  // Both count one picture, and return false when no more should be read: past the limit the next kLookAhead pictures are still read,
  // so that one run names more than one bad file.
  bool good(const std::string& split);
  bool bad(const std::string& split, const std::string& path, const std::string& class_id, const std::string& reason);

  bool over_limit() const { return num_bad_ > max_bad_; }
  // Throws Error(bad_data) with the first bad files when there are more than allowed.
  void check_limit() const;
  void finish() const;  // clears the status line

  std::uint64_t num_bad() const { return num_bad_; }
  std::string json_lines() const { return lines_; }
  double seconds() const;

 private:
  bool count(const std::string& split);
  void show(const std::string& split);

  using Clock = std::chrono::steady_clock;
  std::string source_;
  std::uint64_t num_items_, max_bad_, num_done_ = 0, num_bad_ = 0, num_looked_ahead_ = 0;
  Clock::time_point begin_ = Clock::now(), shown_ = begin_;
  std::vector<std::string> first_;  // "path: reason"
  std::string lines_;               // of bad_files.jsonl
};

// Writes and checks every write. Throws Error(io_failed) with the path.
class TextFile {
 public:
  explicit TextFile(const std::string& path);
  ~TextFile();
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  void write(std::string_view text);
  void close();

 private:
  [[noreturn]] void fail_now();
  std::string path_;
  std::FILE* file_;
};

// A field of a .tsv: backslash, tab and line ends become \\ \t \n \r.
std::string escaped(std::string_view text);

}  // namespace alexnet
