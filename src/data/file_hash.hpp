// XXH3-128 of a file, which may be larger than memory.
#pragma once

#include <cstdint>
#include <string>

namespace alexnet {

struct FileHash {
  std::uint64_t bytes = 0;
  std::string xxh3_128;
};

// Throws Error(no_input) or Error(io_failed) with path and reason.
FileHash hash_file(const std::string& path);

}  // namespace alexnet
