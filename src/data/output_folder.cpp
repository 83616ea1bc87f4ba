#include "data/output_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "lock";

void require_empty(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / "dataset.json", error)) {
    fail(ExitCode::output_exists, "{}: holds a data set already; choose another folder, or remove this one first", path.string());
  }
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with('.') || name == "lost+found") continue;
    fail(ExitCode::output_exists, "{}: is not empty (there is {}); choose another folder", path.string(), name);
  }
  if (error) fail(ExitCode::io_failed, "{}: cannot be listed: {}", path.string(), error.message());
}

}  // namespace

void OutputFolder::require_free_name(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) fail(ExitCode::output_exists, "{}: a file with this name exists already", path);
  if (fs::exists(status)) require_empty(path);
}

OutputFolder::OutputFolder(const std::string& path) : path_(path), partial_(path + "/.partial") {
  require_free_name(path_);
  std::error_code error;
  made_ = fs::create_directories(path_, error);
  if (!error) fs::create_directory(partial_, error);
  if (error) {
    if (made_) fs::remove(path_, error);
    fail(ExitCode::io_failed, "{}: the folder cannot be made: {}", path_, error.message());
  }
  lock_ = ::open((partial_ + "/" + kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) fail(ExitCode::io_failed, "{}: cannot be written to: {}", partial_, std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(lock_);
    fail(ExitCode::output_exists, "{}: another `alexnet prepare` is writing there", path_);
  }
  for (fs::directory_iterator it(partial_, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename() != kLockName) fs::remove_all(it->path(), error);
  }
}

OutputFolder::~OutputFolder() {
  discard();
  if (lock_ >= 0) ::close(lock_);
}

void OutputFolder::discard() noexcept {
  try {
    std::error_code error;
    fs::remove_all(partial_, error);
    if (committed_) return;
    for (std::size_t begin = 0; begin < moved_.size();) {
      const std::size_t end = moved_.find('\n', begin);
      fs::remove(path_ + "/" + moved_.substr(begin, end - begin), error);
      begin = end + 1;
    }
    if (made_) fs::remove(path_, error);  // only when empty
  } catch (...) {                         // out of memory: the folder without dataset.json is no data set
  }
}

void OutputFolder::move_files() {
  std::error_code error;
  for (fs::directory_iterator it(partial_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name == kLockName) continue;
    fs::rename(it->path(), path_ + "/" + name, error);
    if (error) break;
    moved_ += name + "\n";
  }
  if (error) fail(ExitCode::io_failed, "{}: files cannot be renamed from {}: {}", path_, partial_, error.message());
}

void OutputFolder::require_free_bytes(double bytes) const {
  std::error_code error;
  const fs::space_info space = fs::space(path_, error);
  if (error || static_cast<double>(space.available) >= bytes) return;
  constexpr double kGiB = 1 << 30;
  fail(ExitCode::io_failed, "{}: about {:.1f} GiB are needed, {:.1f} GiB are free", path_, bytes / kGiB,
       static_cast<double>(space.available) / kGiB);
}

}  // namespace alexnet
