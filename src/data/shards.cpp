// The shards of a split, memory-mapped for reading. Labels are read when a sample is asked for: they lie beside their pictures, and
// reading them all at the start would touch every page of a large data set.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/io/files.hpp"
#include "data/shard_index.hpp"

namespace alexnet {
namespace {

// A file's bytes; empty files have none.
class MappedFile {
 public:
  // Throws Error(no_input) when it is not there, Error(bad_data) when it has not `bytes` bytes.
  MappedFile(const std::string& path, std::uint64_t bytes) : bytes_(bytes) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      fail(ExitCode::no_input, "{}: {}; dataset.json lists this shard: copy it there, or make the data set again", path,
           std::strerror(errno));
    struct stat status {};
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      close(fd);
      fail(ExitCode::bad_data, "{}: the shard is no regular file", path);
    }
    if (static_cast<std::uint64_t>(status.st_size) != bytes) {
      close(fd);
      fail(ExitCode::bad_data, "{}: {} bytes, but dataset.json says {}: the shard changed or was cut short; make the data set again", path,
           status.st_size, bytes);
    }
    if (bytes > 0) address_ = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = errno;
    close(fd);
    if (address_ == MAP_FAILED) fail(ExitCode::io_failed, "{}: mapping {} bytes failed: {}", path, bytes, std::strerror(error));
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept : address_(std::exchange(other.address_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile() {
    if (address_ != nullptr) munmap(address_, bytes_);
  }
  std::span<const std::uint8_t> bytes() const { return {static_cast<const std::uint8_t*>(address_), bytes_}; }

 private:
  void* address_ = nullptr;
  std::uint64_t bytes_;
};

struct Shard {
  std::string file;
  MappedFile tar;
  ShardIndex index;
  std::uint64_t first;  // of its samples, in the split
};

std::string names_of(const std::map<std::string, SplitInfo>& splits) {
  std::string names;
  for (const auto& [name, split] : splits) names += (names.empty() ? "" : ", ") + name;
  return names;
}

std::int32_t parse_label(std::span<const std::uint8_t> text, const Shard& shard, std::string_view key, std::size_t num_classes) {
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const char* end = begin + text.size();
  while (end > begin && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' ')) --end;
  std::int32_t label = -1;
  const auto [stop, error] = std::from_chars(begin, end, label);
  if (begin == end || error != std::errc() || stop != end)
    fail(ExitCode::bad_data, "{}: picture {}: its .cls is no class index; make the data set again", shard.file, key);
  if (label < 0 || static_cast<std::size_t>(label) >= num_classes)
    fail(ExitCode::bad_data, "{}: picture {}: class {}, but dataset.json lists {} classes; make the data set again", shard.file, key, label,
         num_classes);
  return label;
}

}  // namespace

struct Shards::Impl {
  std::vector<Shard> shards;
  std::uint64_t size = 0;
  std::size_t num_classes = 0;
};

Shards::Shards(const std::string& folder, const DatasetManifest& manifest, const std::string& split) : impl_(std::make_unique<Impl>()) {
  const auto found = manifest.splits.find(split);
  if (found == manifest.splits.end())
    fail(ExitCode::no_input, "data set {}: no split '{}'; it has: {}", folder, split, names_of(manifest.splits));
  impl_->num_classes = manifest.classes.size();
  impl_->shards.reserve(found->second.shards.size());
  for (const ShardInfo& info : found->second.shards) {
    const std::string path = folder + "/" + info.file;
    MappedFile tar(path, info.bytes);
    const std::string index_path = std::filesystem::path(path).replace_extension(".idx").string();
    std::error_code error;
    ShardIndex index = std::filesystem::exists(index_path, error) ? parse_shard_index(read_text_file(index_path), index_path, info.bytes)
                                                                  : index_tar(tar.bytes(), path);
    if (index.entries.size() != info.num_samples)
      fail(ExitCode::bad_data, "{}: {} pictures, but dataset.json says {}; make the data set again", path, index.entries.size(),
           info.num_samples);
    impl_->shards.push_back({info.file, std::move(tar), std::move(index), impl_->size});
    impl_->size += info.num_samples;
  }
}

Shards::~Shards() = default;

std::uint64_t Shards::size() const { return impl_->size; }

Shards::Sample Shards::sample(std::uint64_t i) const {
  if (i >= impl_->size) fail(ExitCode::internal, "picture {} of a split of {}", i, impl_->size);
  const auto after =
      std::upper_bound(impl_->shards.begin(), impl_->shards.end(), i, [](std::uint64_t v, const Shard& s) { return v < s.first; });
  const Shard& shard = *std::prev(after);
  const ShardEntry& entry = shard.index.entries[i - shard.first];
  const std::string_view key = shard.index.key(entry);
  const std::uint8_t* tar = shard.tar.bytes().data();
  for (const std::uint64_t offset : {entry.data_offset, entry.label_offset}) {
    if (sample_key(tar_member_name(tar + offset - kTarBlock)) != key)
      fail(ExitCode::bad_data, "{}: picture {} is not where the .idx says; delete the .idx, and it is found from the tar again", shard.file,
           key);
  }
  const std::int32_t label = parse_label({tar + entry.label_offset, entry.label_bytes}, shard, key, impl_->num_classes);
  return {tar + entry.data_offset, entry.data_bytes, label, key, shard.file};
}

}  // namespace alexnet
