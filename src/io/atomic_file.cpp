#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/io/sync_folder.hpp"

namespace alexnet {

namespace {

bool is_device_or_pipe(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  if (is_device_or_pipe(path_)) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary_ = fmt::format("{}.tmp-{}", path_, getpid());
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0) {
    const int reason = errno;
    temporary_.clear();  // not ours
    errno = reason;
    fail_with_errno("opening it for writing");
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::write(const void* data, std::size_t bytes) {
  constexpr std::size_t kMaxBytesPerCall = std::size_t{1} << 30;
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, at, std::min(bytes, kMaxBytesPerCall));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_with_errno("writing");
    }
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  // Pipes and devices can't be synced (EINVAL), which is no failure.
  if (!temporary_.empty() && fsync(descriptor_) != 0) fail_with_errno("syncing");
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0 && errno != EINTR) fail_with_errno("writing");
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with_errno("renaming the finished file");
  temporary_.clear();
  const std::size_t slash = path_.rfind('/');
  if (!sync_folder(slash == std::string::npos ? "." : path_.substr(0, std::max<std::size_t>(slash, 1)))) fail_with_errno("syncing");
}

// File systems that cannot do it (some network ones) say EINVAL.
bool sync_folder(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;  // a folder that may be written but not listed
  const bool synced = fsync(descriptor) == 0 || errno == EINVAL;
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return synced;
}

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail_with_errno(const char* doing) {
  const int reason = errno;
  discard();
  const char* advice = reason == ENOSPC || reason == EDQUOT ? "; free some space and run again" : "";
  fail(ExitCode::io_failed, "{}: {} failed: {}{}", path_, doing, std::strerror(reason), advice);
}

}  // namespace alexnet
