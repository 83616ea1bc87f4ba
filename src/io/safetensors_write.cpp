#include <bit>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "alexnet/core/error.hpp"
#include "alexnet/io/hash.hpp"
#include "alexnet/io/safetensors.hpp"
#include "io/atomic_file.hpp"
#include "io/safetensors_header.hpp"

namespace alexnet {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is written as it is");

namespace {

void check_entries(const std::string& path, const std::vector<SafetensorsEntry>& entries) {
  std::unordered_set<std::string> names = {"__metadata__"};
  for (const auto& [name, tensor] : entries) {
    if (!names.insert(name).second) fail(ExitCode::internal, "{}: tensor name '{}' is doubled or reserved", path, name);
    if (tensor.dtype() != DType::f32) fail(ExitCode::internal, "{}: tensor '{}' is {}, not f32", path, name, dtype_name(tensor.dtype()));
    if (tensor.empty() && tensor.count() != 0) fail(ExitCode::internal, "{}: tensor '{}' has no memory", path, name);
  }
}

std::string hash_data(const std::vector<SafetensorsEntry>& entries) {
  Xxh3Hash hash;
  for (const SafetensorsEntry& entry : entries) hash.update(entry.tensor.raw(), entry.tensor.bytes());
  return hash.hex();
}

std::string make_header(const std::vector<SafetensorsEntry>& entries, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : entries) {
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape().extents()}, {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  // Paths and names in the metadata may be no UTF-8, which JSON must be: such bytes are replaced.
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // aligns the data
  return text;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<SafetensorsEntry>& entries, std::map<std::string, std::string> metadata) {
  check_entries(path, entries);
  metadata[kSafetensorsHashKey] = hash_data(entries);
  const std::string header = make_header(entries, metadata);
  if (header.size() > kMaxSafetensorsHeaderBytes) {
    fail(ExitCode::internal, "{}: a header of {} bytes, at most {} are allowed", path, header.size(), kMaxSafetensorsHeaderBytes);
  }
  AtomicFile file(path);
  const std::uint64_t length = header.size();
  file.write(&length, sizeof(length));
  file.write(header.data(), header.size());
  for (const SafetensorsEntry& entry : entries) file.write(entry.tensor.raw(), entry.tensor.bytes());
  file.commit();
}

}  // namespace alexnet
