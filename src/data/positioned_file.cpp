#include "data/positioned_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

int open_for_reading(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

class Closer {
 public:
  explicit Closer(int descriptor) : descriptor_(descriptor) {}
  ~Closer() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

 private:
  int descriptor_;
};

}  // namespace

void fail_reading(const std::string& path, const char* reason) { fail(ExitCode::io_failed, "{}: reading failed: {}", path, reason); }

PositionedFile::PositionedFile(std::string path) : path_(std::move(path)), descriptor_(open_for_reading(path_)) {
  struct stat status = {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    const Closer closer(descriptor_);
    fail(ExitCode::no_input, "{}: cannot be read: {}", path_, std::strerror(errno));
  }
  bytes_ = static_cast<std::uint64_t>(status.st_size);
}

PositionedFile::~PositionedFile() { let_go(); }

void PositionedFile::let_go() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void PositionedFile::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t count) const {
  const int opened = descriptor_ < 0 ? open_for_reading(path_) : -1;
  const Closer closer(opened);
  const int descriptor = descriptor_ < 0 ? opened : descriptor_;
  if (descriptor < 0) fail_reading(path_, std::strerror(errno));
  while (count > 0) {
    const ssize_t got = ::pread(descriptor, to, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail_reading(path_, got < 0 ? std::strerror(errno) : "the file became shorter");
    to += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace alexnet
