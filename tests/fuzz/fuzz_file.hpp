// A file for readers that take a path; in memory where the system has /dev/shm.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz_target.hpp"

namespace alexnet {

class FuzzFile {
 public:
  explicit FuzzFile(const std::string& name) {
    const std::filesystem::path root = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    folder_ = (root / ("alexnet-fuzz-" + std::to_string(::getpid()))).string();
    std::filesystem::create_directories(folder_);
    path_ = folder_ + "/" + name;
  }
  ~FuzzFile() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  FuzzFile(const FuzzFile&) = delete;
  FuzzFile& operator=(const FuzzFile&) = delete;

  void write(const std::uint8_t* data, std::size_t size) const {
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_, path_;
};

}  // namespace alexnet
