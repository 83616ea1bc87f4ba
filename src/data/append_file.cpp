#include "data/append_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {

AppendFile::AppendFile(const std::string& path, std::uint64_t keep_bytes)
    : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)), length_(keep_bytes), synced_(keep_bytes) {
  if (descriptor_ < 0) fail_with_errno("opening it for writing");
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  const bool shorter = known && static_cast<std::uint64_t>(status.st_size) < keep_bytes;
  if (!shorter && known && ::ftruncate(descriptor_, static_cast<off_t>(keep_bytes)) == 0 &&
      ::lseek(descriptor_, static_cast<off_t>(keep_bytes), SEEK_SET) >= 0) {
    return;
  }
  const int reason = errno;
  ::close(descriptor_);
  if (shorter)
    fail(ExitCode::io_failed, "{}: {} bytes, {} were written: remove {} and start again", path, status.st_size, keep_bytes,
         path.substr(0, path.rfind('/')));
  errno = reason;
  fail_with_errno("opening it for writing");
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), length_(other.length_), synced_(other.synced_) {}

void AppendFile::write(const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_with_errno("writing");
    at += written;
    bytes -= static_cast<std::size_t>(written);
    length_ += static_cast<std::uint64_t>(written);
  }
}

void AppendFile::sync() {
  if (synced_ == length_) return;
  if (::fdatasync(descriptor_) != 0) fail_with_errno("writing");
  synced_ = length_;
}

void AppendFile::fail_with_errno(const char* doing) const {
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  fail(ExitCode::io_failed, "{}: {} failed: {}{}", path_, doing, std::strerror(errno),
       full ? "; make room, and the same command goes on from there" : "");
}

}  // namespace alexnet
