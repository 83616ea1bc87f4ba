// Where the samples of a shard lie: read from its .idx, or found by walking the tar.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tar_walk.hpp"

namespace alexnet {

struct ShardEntry {
  std::uint64_t data_offset, label_offset;  // of the contents, in the tar; each has its 512-byte header before it
  std::uint32_t data_bytes, label_bytes;
  std::uint32_t key_begin, key_bytes;  // in ShardIndex::keys
};

// Every entry's contents and headers lie inside the tar.
struct ShardIndex {
  std::vector<ShardEntry> entries;
  std::string keys;  // one after the other
  std::string_view key(const ShardEntry& e) const { return std::string_view(keys).substr(e.key_begin, e.key_bytes); }
};

// The text of `path`, DALI's format: "v1.2 N", then N lines of "EXTENSION OFFSET SIZE NAME" for each part of a sample.
// Throws Error(bad_data) with path and line.
ShardIndex parse_shard_index(std::string_view text, const std::string& path, std::uint64_t tar_bytes);

// From the headers of the tar itself. Throws Error(bad_data) with path and offset.
ShardIndex index_tar(const TarWalk::ReadAt& read, std::uint64_t tar_bytes, const std::string& path);
// The same of a tar in memory.
ShardIndex index_tar(std::span<const std::uint8_t> tar, const std::string& path);

// "some/folder/00001234.jpg" -> "00001234".
std::string_view sample_key(std::string_view member_name);
// The member's name in a 512-byte header, without the prefix field.
std::string_view tar_member_name(const std::uint8_t* header);

}  // namespace alexnet
