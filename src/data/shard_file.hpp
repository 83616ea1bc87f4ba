// A shard that is read while the program runs, perhaps for weeks: an open descriptor and pread, not a mapping.
//
// A mapped file that somebody cuts short ends the program with SIGBUS, and one that is overwritten changes unseen. pread returns fewer
// bytes, and an fstat after it tells whether the file is still the one that was opened. A shard that is deleted, or replaced by a
// rename, is read on to the end of the run from the descriptor; there is a warning. Measured on two cores (Zen 4), raw pictures of
// 256x256 in the page cache, random order, one and two threads: mapped and copied 24 and 35 us a picture; pread straight to its place
// and fstat 32 and 39; pread through a buffer 44 and 47.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>

#include "data/shard_index.hpp"

namespace alexnet {

// Raises the soft limit of open files where `count` more do not fit: a large data set has more shards than a process may usually open.
// Throws Error(io_failed) when the hard limit is lower.
void allow_open_files(std::uint64_t count, const std::string& data_set);

class ShardFile {
 public:
  // Throws Error(no_input) when it is not there, Error(bad_data) when it has not `bytes` bytes.
  ShardFile(const std::string& path, std::uint64_t bytes);
  ~ShardFile();
  ShardFile(const ShardFile&) = delete;
  ShardFile& operator=(const ShardFile&) = delete;
  ShardFile(ShardFile&& other) noexcept;
  ShardFile& operator=(ShardFile&&) = delete;

  // Fills `to` from byte `offset` on. Throws Error(bad_data) when the file was cut short, Error(io_failed) with the system's reason.
  void read(std::uint64_t offset, std::span<std::uint8_t> to) const;
  // Throws Error(bad_data) unless size and time of the last change are those of the opened file: then what was read before is good.
  void check_unchanged() const;
  // Where its samples lie, found by walking the tar.
  ShardIndex index() const;

 private:
  std::string path_;
  int descriptor_ = -1;
  struct stat opened_ {};
};

}  // namespace alexnet
