// A file that appears under its name only when it is complete: written to PATH.tmp-<pid>, synced, renamed, its folder synced.
#pragma once

#include <cstddef>
#include <string>

namespace alexnet {

// Every failure removes the temporary file and throws Error(io_failed) with path and reason; the old file is then untouched.
// A path that is a device or a pipe (/dev/stdout) is written in place.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();  // without commit(): removes the temporary file
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void commit();

 private:
  void discard() noexcept;
  [[noreturn]] void fail_with_errno(const char* doing);

  std::string path_;
  std::string temporary_;  // empty: written in place
  int descriptor_ = -1;
};

}  // namespace alexnet
