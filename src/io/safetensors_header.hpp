// The JSON header of a safetensors file, parsed and checked as hostile input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

inline constexpr std::size_t kSafetensorsLengthBytes = 8;  // before the header: its length, little-endian
inline constexpr std::size_t kMaxSafetensorsHeaderBytes = 100'000'000;
inline constexpr const char* kSafetensorsHashKey = "data_xxh3_128";

struct SafetensorsTensor {
  std::string name;
  std::string dtype;  // "F32"
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;  // bytes in the data section
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafetensorsTensor> tensors;  // in the order of their data, which they cover without hole or overlap
};

// `path` is for messages. Throws Error(bad_data) naming file and tensor.
SafetensorsHeader parse_safetensors_header(const std::string& path, std::string_view json, std::size_t data_bytes);

}  // namespace alexnet
