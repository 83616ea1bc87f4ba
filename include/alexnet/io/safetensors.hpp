// The safetensors file format: 8 bytes length of a JSON header, the header (name -> dtype, shape, data_offsets; __metadata__: strings),
// data.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

struct SafetensorsEntry {
  std::string name;
  Tensor tensor;  // host memory, f32
};

// Writes PATH.tmp-<pid>, syncs it, renames it to PATH; on failure removes the temporary file and throws Error(io_failed) with path and
// reason, PATH untouched. Metadata gets one more entry, "data_xxh3_128": hex hash of the data section.
// Entries are written in the order given; the bytes depend on the arguments alone.
void write_safetensors(const std::string& path, const std::vector<SafetensorsEntry>& entries, std::map<std::string, std::string> metadata);

// A file's header, its data memory-mapped. Throws Error(no_input) when it is not there, Error(bad_data) when it is not a safetensors
// file (naming what it looks like instead: a Caffe model, a zip, HTML, empty ...), is cut short, has bad offsets or overflowing shapes,
// or, with `check_hash`, when the data does not have the hash that metadata promises.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path, bool check_hash = true);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::map<std::string, std::string>& metadata() const;
  const std::vector<std::string>& names() const;  // in file order
  bool has(const std::string& name) const;
  Shape shape(const std::string& name) const;                  // throws Error(bad_data) naming file and tensor when absent
  std::vector<float> read_f32(const std::string& name) const;  // F32 only; otherwise Error(bad_data)

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
