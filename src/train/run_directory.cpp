#include "alexnet/train/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(ExitCode::io_failed, "run directory {}: cannot be made: {}", path, error.message());
}

// `to` under a temporary name first, so that there is always one.
void replace_link(const std::string& from, const std::string& to) {
  const std::string temporary = to + ".tmp";
  std::error_code error;
  fs::remove(temporary, error);
  fs::create_hard_link(from, temporary, error);
  if (error) {  // a file system without hard links
    error.clear();
    fs::copy_file(from, temporary, error);
  }
  if (!error) fs::rename(temporary, to, error);
  if (error) fail(ExitCode::io_failed, "{}: cannot be made from {}: {}", to, from, error.message());
}

}  // namespace

RunDirectory::RunDirectory(std::string path, ResumeMode mode) : path_(std::move(path)) {
  const bool holds_run = fs::exists(file("config.yaml")) || fs::exists(file("metrics.jsonl")) || has_checkpoint();
  if (mode == ResumeMode::must && !has_checkpoint()) {
    fail(ExitCode::no_input, "run directory {}: --resume=must, but there is no last.safetensors", path_);
  }
  if (mode == ResumeMode::fresh && holds_run) {
    fail(ExitCode::output_exists, "run directory {} holds a run already: add --resume to go on with it, or give another --run-dir", path_);
  }
  make_folder(file("checkpoints"));
  lock_ = open(file(".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock_ < 0) fail(ExitCode::io_failed, "{}: cannot be opened: {}", file(".lock"), std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const ssize_t length = read(lock_, pid, sizeof pid - 1);
    close(lock_);
    fail(ExitCode::output_exists, "run directory {}: another process trains in it now{}", path_,
         length > 0 ? fmt::format(" (pid {})", pid) : "");
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(lock_, 0) != 0 || write(lock_, pid.data(), pid.size()) < 0) {
    close(lock_);
    fail(ExitCode::io_failed, "{}: writing failed: {}", file(".lock"), std::strerror(errno));
  }
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) close(lock_);
}

std::string RunDirectory::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

bool RunDirectory::has_checkpoint() const { return fs::exists(file("last.safetensors")); }

std::string RunDirectory::checkpoint_file(std::uint64_t step) const {
  return file(fmt::format("checkpoints/step-{:08}.safetensors", step));
}

void RunDirectory::link_checkpoint(std::uint64_t step, const std::string& name) const { replace_link(checkpoint_file(step), file(name)); }

void RunDirectory::remove_old_checkpoints(std::int64_t keep) const {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(file("checkpoints"))) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // by step: the numbers have a fixed width
  while (static_cast<std::int64_t>(files.size()) > keep) {
    std::error_code ignored;  // a file that cannot be removed now is tried again next time
    fs::remove(files.front(), ignored);
    files.erase(files.begin());
  }
}

std::string default_run_directory(const std::string& config_name) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &local);
  const std::string base = fmt::format("runs/{}-{}", config_name, text);
  std::string path = base;
  for (int i = 2; fs::exists(path); ++i) path = fmt::format("{}-{}", base, i);
  return path;
}

void link_latest(const std::string& run_directory) {
  const fs::path link = fs::path(run_directory).parent_path() / "latest";
  const fs::path temporary = link.string() + ".tmp";
  std::error_code error;  // a convenience: no reason to stop
  if (fs::exists(link, error) && !fs::is_symlink(link, error)) return;
  fs::remove(temporary, error);
  fs::create_symlink(fs::path(run_directory).filename(), temporary, error);
  fs::rename(temporary, link, error);
}

}  // namespace alexnet
