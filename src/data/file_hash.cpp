#include "data/file_hash.hpp"

#include <algorithm>
#include <vector>

#include "alexnet/io/hash.hpp"
#include "data/positioned_file.hpp"

namespace alexnet {

FileHash hash_file(const std::string& path) {
  const PositionedFile file(path);
  std::vector<std::uint8_t> buffer(1 << 20);
  Xxh3Hash hash;
  for (std::uint64_t at = 0; at < file.bytes();) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), file.bytes() - at));
    file.read_at(at, buffer.data(), count);
    hash.update(buffer.data(), count);
    at += count;
  }
  return {file.bytes(), hash.hex()};
}

}  // namespace alexnet
