// A file that grows at its end and can be gone on with after a kill.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace alexnet {

// Every function throws Error(io_failed) with path and reason.
class AppendFile {
 public:
  // Goes on behind the first `keep_bytes` of what is there: the rest was never confirmed by sync().
  explicit AppendFile(const std::string& path, std::uint64_t keep_bytes = 0);
  ~AppendFile();
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  std::uint64_t length() const { return length_; }
  // All of it is on disk afterwards.
  void sync();

 private:
  [[noreturn]] void fail_with_errno(const char* doing) const;

  std::string path_;
  int descriptor_;
  std::uint64_t length_, synced_;
};

}  // namespace alexnet
