#include "data/output_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/sync_folder.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr const char *kLockName = "lock", *kFinishedName = "finished", *kManifestName = "dataset.json", *kProgressName = "progress";

// Whether all that is missing is in OUT already, or waits in OUT/.partial for its renaming.
bool only_renaming_is_left(const fs::path& path) {
  std::error_code error;
  const fs::path partial = path / ".partial";
  return fs::exists(partial / kFinishedName, error) || (fs::exists(partial, error) && fs::exists(path / kManifestName, error));
}

void require_empty(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / kManifestName, error)) {
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
  if (fs::exists(status) && !only_renaming_is_left(path)) require_empty(path);
}

OutputFolder::OutputFolder(const std::string& path) : path_(path), partial_(path + "/.partial") {
  require_free_name(path_);
  std::error_code error;
  made_ = fs::create_directories(path_, error);
  if (!error) kept_ = !fs::create_directory(partial_, error);
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
}

OutputFolder::~OutputFolder() {
  if (!kept_) {
    std::error_code error;
    fs::remove_all(partial_, error);
    if (made_) fs::remove(path_, error);  // only when empty
  }
  if (lock_ >= 0) ::close(lock_);
}

void OutputFolder::clear_partial() {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(partial_, error), end; !error && it != end; it.increment(error)) paths.push_back(it->path());
  for (const fs::path& path : paths) {
    if (!error && path.filename() != kLockName) fs::remove_all(path, error);
  }
  if (error) fail(ExitCode::io_failed, "{}: cannot be emptied: {}", partial_, error.message());
  kept_ = false;
}

std::string OutputFolder::progress_path() const { return partial_ + "/" + kProgressName; }

bool OutputFolder::is_finished() const { return only_renaming_is_left(path_); }

void OutputFolder::commit() {
  write_file_atomically(partial_ + "/" + kFinishedName, "");
  kept_ = true;
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(partial_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find(".tmp-") != std::string::npos) continue;  // of an atomic write that was killed
    if (name != kLockName && name != kFinishedName && name != kProgressName && name != kManifestName) names.push_back(name);
  }
  if (fs::exists(fs::path(partial_) / kManifestName, error)) names.emplace_back(kManifestName);
  for (const std::string& name : names) {
    if (!error) fs::rename(partial_ + "/" + name, path_ + "/" + name, error);
  }
  // Before the marks go: after a power cut they must not be missing while a name is.
  if (!error && !sync_folder(path_)) error = std::error_code(errno, std::generic_category());
  if (error) fail(ExitCode::io_failed, "{}: files cannot be renamed from {}: {}", path_, partial_, error.message());
  for (const char* name : {kProgressName, kLockName, kFinishedName}) fs::remove(partial_ + "/" + name, error);  // the mark goes last
  fs::remove_all(partial_, error);
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
