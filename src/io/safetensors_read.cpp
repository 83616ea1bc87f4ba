#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "alexnet/core/error.hpp"
#include "alexnet/io/hash.hpp"
#include "alexnet/io/safetensors.hpp"
#include "io/file_kind.hpp"
#include "io/safetensors_header.hpp"

namespace alexnet {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is used as it is");

namespace {

// The whole file, read-only.
class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(ExitCode::no_input, "{}: cannot be read: {}", path, std::strerror(errno));
    struct stat info = {};
    const bool known = fstat(descriptor, &info) == 0;
    if (known && S_ISREG(info.st_mode) && info.st_size > 0) {
      bytes_ = static_cast<std::size_t>(info.st_size);
      data_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    const int reason = errno;
    close(descriptor);
    if (data_ == MAP_FAILED) fail(ExitCode::no_input, "{}: mapping {} bytes failed: {}", path, bytes_, std::strerror(reason));
    if (!known || !S_ISREG(info.st_mode)) {
      fail(ExitCode::no_input, "{}: is {}, a safetensors file is needed", path, S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    }
  }
  ~Mapping() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  std::string_view view() const { return {static_cast<const char*>(data_), bytes_}; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// The bytes of the JSON header; refuses what is no safetensors file at all.
std::string_view find_header(const std::string& path, std::string_view file) {
  std::uint64_t length = 0;
  const bool has_length = file.size() >= kSafetensorsLengthBytes;
  if (has_length) std::memcpy(&length, file.data(), kSafetensorsLengthBytes);
  const bool plausible = has_length && length >= 2 && length <= kMaxSafetensorsHeaderBytes &&
                         (file.size() == kSafetensorsLengthBytes || file[kSafetensorsLengthBytes] == '{');
  if (!plausible) {
    const std::string kind = describe_file_kind(file);
    if (!kind.empty()) fail(ExitCode::bad_data, "{}: not a safetensors file, it looks like {}", path, kind);
    if (!has_length) fail(ExitCode::bad_data, "{}: not a safetensors file: {} bytes are too few", path, file.size());
    fail(ExitCode::bad_data, "{}: not a safetensors file: no JSON header of at most {} bytes at its start", path,
         kMaxSafetensorsHeaderBytes);
  }
  if (length > file.size() - kSafetensorsLengthBytes) {
    fail(ExitCode::bad_data, "{}: cut short: it promises a header of {} bytes, the file has {}", path, length, file.size());
  }
  return file.substr(kSafetensorsLengthBytes, length);
}

}  // namespace

struct SafetensorsFile::Impl {
  std::string path;
  Mapping mapping;
  SafetensorsHeader header;
  std::string_view data;
  std::vector<std::string> names;
  std::unordered_map<std::string, const SafetensorsTensor*> by_name;

  explicit Impl(const std::string& file) : path(file), mapping(file) {
    const std::string_view json = find_header(path, mapping.view());
    data = mapping.view().substr(kSafetensorsLengthBytes + json.size());
    header = parse_safetensors_header(path, json, data.size());
    for (const SafetensorsTensor& tensor : header.tensors) {
      names.push_back(tensor.name);
      by_name.emplace(tensor.name, &tensor);
    }
  }

  void check_hash() const {
    const auto promised = header.metadata.find(kSafetensorsHashKey);
    if (promised == header.metadata.end()) return;  // another program's file
    Xxh3Hash hash;
    hash.update(data.data(), data.size());
    const std::string found = hash.hex();
    if (promised->second != found) {
      fail(ExitCode::bad_data, "{}: damaged: its data has the hash {}, its header promises {}; use another copy or checkpoint", path, found,
           promised->second.substr(0, 32));
    }
  }

  const SafetensorsTensor& at(const std::string& name) const {
    const auto found = by_name.find(name);
    if (found != by_name.end()) return *found->second;
    const std::string near = nearest_name(name, names);
    fail(ExitCode::bad_data, "{}: has no tensor '{}'{}", path, name, near.empty() ? "" : fmt::format(" (but '{}')", near));
  }
};

SafetensorsFile::SafetensorsFile(const std::string& path, bool check_hash) : impl_(std::make_unique<Impl>(path)) {
  if (check_hash) impl_->check_hash();
}
SafetensorsFile::~SafetensorsFile() = default;

const std::map<std::string, std::string>& SafetensorsFile::metadata() const { return impl_->header.metadata; }
const std::vector<std::string>& SafetensorsFile::names() const { return impl_->names; }
bool SafetensorsFile::has(const std::string& name) const { return impl_->by_name.contains(name); }
Shape SafetensorsFile::shape(const std::string& name) const { return Shape(impl_->at(name).shape); }

std::vector<float> SafetensorsFile::read_f32(const std::string& name) const {
  const SafetensorsTensor& tensor = impl_->at(name);
  if (tensor.dtype != "F32") {
    fail(ExitCode::bad_data, "{}: tensor '{}' is {}, only F32 is read; convert it to float32 and save it again", impl_->path, name,
         tensor.dtype);
  }
  // Copied, not pointed at: nothing in the format aligns the data.
  std::vector<float> values((tensor.end - tensor.begin) / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), impl_->data.data() + tensor.begin, tensor.end - tensor.begin);
  return values;
}

}  // namespace alexnet
