#include "data/shard_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"

namespace alexnet {
namespace {

void warn_once_of_lost_shard(const std::string& path) {
  static std::atomic_flag warned;
  if (warned.test() || warned.test_and_set()) return;
  log::warning("{}: the shard was deleted or replaced while in use: this run reads on what it opened, the next one cannot", path);
}

constexpr std::uint64_t kOtherFiles = 64;  // that a run may open besides

}  // namespace

void allow_open_files(std::uint64_t count, const std::string& data_set) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  std::error_code error;
  std::filesystem::directory_iterator open_now("/proc/self/fd", error);
  const auto num_open = static_cast<std::uint64_t>(error ? 0 : std::distance(begin(open_now), end(open_now)));
  const rlim_t wanted = num_open + count + kOtherFiles;
  if (wanted <= limit.rlim_cur) return;
  if (wanted > limit.rlim_max)
    fail(ExitCode::io_failed,
         "{}: its {} shards stay open while they are read, which takes {} open files, and `ulimit -Hn` allows {}; raise that limit, or "
         "prepare larger shards with --shard-mib",
         data_set, count, wanted, limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

ShardFile::ShardFile(const std::string& path, std::uint64_t bytes) : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    fail(ExitCode::no_input, "{}: {}; dataset.json lists this shard: copy it there, or make the data set again", path,
         std::strerror(errno));
  if (fstat(descriptor_, &opened_) == 0 && S_ISREG(opened_.st_mode) && static_cast<std::uint64_t>(opened_.st_size) == bytes) return;
  close(descriptor_);  // the destructor does not run
  if (!S_ISREG(opened_.st_mode)) fail(ExitCode::bad_data, "{}: the shard is no regular file", path);
  fail(ExitCode::bad_data, "{}: {} bytes, but dataset.json says {}: the shard changed or was cut short; make the data set again", path,
       opened_.st_size, bytes);
}

ShardFile::ShardFile(ShardFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), opened_(other.opened_) {}

ShardFile::~ShardFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ShardFile::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t count = pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const char* reason = count < 0 ? std::strerror(errno) : "end of file";
      check_unchanged();
      fail(ExitCode::io_failed, "{}: reading {} bytes at byte {} failed: {}", path_, to.size(), offset, reason);
    }
    done += static_cast<std::size_t>(count);
  }
}

void ShardFile::check_unchanged() const {
  struct stat now {};
  if (fstat(descriptor_, &now) != 0) return;  // what was read is there; the next read fails and says why
  const bool same_time = now.st_mtim.tv_sec == opened_.st_mtim.tv_sec && now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
  if (now.st_size != opened_.st_size || !same_time)
    fail(ExitCode::bad_data, "{}: the shard changed while it was in use ({}); put the old one back, or make the data set again", path_,
         now.st_size != opened_.st_size ? fmt::format("{} bytes became {}", opened_.st_size, now.st_size) : "it was written to");
  if (now.st_nlink == 0) warn_once_of_lost_shard(path_);
}

ShardIndex ShardFile::index() const {
  const auto read_at = [&](std::uint64_t offset, std::uint8_t* to, std::size_t count) { read(offset, {to, count}); };
  return index_tar(read_at, static_cast<std::uint64_t>(opened_.st_size), path_);
}

}  // namespace alexnet
