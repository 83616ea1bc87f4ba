#include "alexnet/io/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "alexnet/core/error.hpp"
#include "io/atomic_file.hpp"

namespace alexnet {

namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : value_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (value_ < 0) fail(ExitCode::no_input, "{}: cannot be read: {}", path, std::strerror(errno));
  }
  ~Descriptor() { close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

// Reads to the end rather than to the size that the file system tells: pipes and /proc have none.
template <class Container>
Container read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(path);
  struct stat info = {};
  if (fstat(file.get(), &info) != 0) fail(ExitCode::no_input, "{}: cannot be read: {}", path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) fail(ExitCode::no_input, "{}: is a folder, a file is needed", path);
  const std::size_t told_bytes = S_ISREG(info.st_mode) ? static_cast<std::size_t>(info.st_size) : 0;
  if (told_bytes > max_bytes) {
    fail(ExitCode::bad_data, "{}: {} bytes, more than the {} allowed for such a file", path, told_bytes, max_bytes);
  }
  Container content;
  std::size_t filled = 0;
  for (;;) {
    // One byte over the limit and over the size told: it is there to find that nothing follows.
    content.resize(std::min(max_bytes, std::max(told_bytes, filled + (std::size_t{1} << 16))) + 1);
    const ssize_t got = read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ExitCode::no_input, "{}: reading failed: {}", path, std::strerror(errno));
    filled += static_cast<std::size_t>(got);
    if (filled > max_bytes) fail(ExitCode::bad_data, "{}: more than the {} bytes allowed for such a file", path, max_bytes);
    if (got == 0) break;
  }
  content.resize(filled);
  return content;
}

}  // namespace

std::string read_text_file(const std::string& path, std::size_t max_bytes) { return read_file<std::string>(path, max_bytes); }

std::vector<std::uint8_t> read_binary_file(const std::string& path, std::size_t max_bytes) {
  return read_file<std::vector<std::uint8_t>>(path, max_bytes);
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

}  // namespace alexnet
