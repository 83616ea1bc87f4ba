// A file that is read at any place by several threads: the tars and record files of sources.
#pragma once

#include <cstdint>
#include <string>

namespace alexnet {

// Throws Error(io_failed).
[[noreturn]] void fail_reading(const std::string& path, const char* reason);

class PositionedFile {
 public:
  // Throws Error(no_input) with path and reason.
  explicit PositionedFile(std::string path);
  ~PositionedFile();
  PositionedFile(const PositionedFile&) = delete;
  PositionedFile& operator=(const PositionedFile&) = delete;

  // Throws Error(io_failed) with path and reason, also when the file ends before.
  void read_at(std::uint64_t offset, std::uint8_t* to, std::size_t count) const;

  // Each read opens it again from now on: a thousand tars are more than a process may hold open. Not while others read.
  void let_go();

  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return bytes_; }  // when it was opened

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
};

}  // namespace alexnet
