// The shards of a split. A sample is read when it is asked for, its label too: labels lie beside their pictures, and reading them all
// at the start would touch every part of a large data set.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <span>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/io/files.hpp"
#include "data/shard_file.hpp"
#include "data/shard_index.hpp"

namespace alexnet {
namespace {

struct Shard {
  std::string file;
  ShardFile tar;
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

constexpr std::size_t kMaxLabelBytes = 32;  // longer text is no number
constexpr std::size_t kMostHeads = 1024;    // bytes; a block of the tar and the header of a raw picture are fewer

// Memory of the calling thread, kept for its next sample. Small pieces have a place of their own, which is never allocated: raw
// pictures go straight to where they belong, and only their heads come here.
std::span<std::uint8_t> thread_memory(std::size_t bytes) {
  if (bytes <= kMostHeads) {
    thread_local std::array<std::uint8_t, kMostHeads> small;
    return std::span(small).first(bytes);
  }
  thread_local std::vector<std::uint8_t> large;
  if (large.size() < bytes) large.resize(bytes);
  return std::span(large).first(bytes);
}

void check_member(const Shard& shard, std::string_view key, const std::uint8_t* header) {
  if (sample_key(tar_member_name(header)) != key)
    fail(ExitCode::bad_data, "{}: picture {} is not where the .idx says; delete the .idx, and it is found from the tar again", shard.file,
         key);
}

// The .cls of a sample with the tar's header before it.
struct LabelMember {
  std::array<std::uint8_t, kTarBlock + kMaxLabelBytes> memory;
  std::size_t bytes;

  LabelMember(const Shard& shard, const ShardEntry& entry) : bytes(entry.label_bytes <= kMaxLabelBytes ? entry.label_bytes : 0) {
    shard.tar.read(entry.label_offset - kTarBlock, std::span(memory).first(kTarBlock + bytes));
  }
  std::int32_t label(const Shard& shard, std::string_view key, std::size_t num_classes) const {
    check_member(shard, key, memory.data());
    return parse_label(std::span(memory).subspan(kTarBlock, bytes), shard, key, num_classes);
  }
};

}  // namespace

struct Shards::Impl {
  std::vector<Shard> shards;
  std::uint64_t size = 0;
  std::size_t num_classes = 0;

  // Throws when there is no picture i.
  std::pair<const Shard&, const ShardEntry&> find(std::uint64_t i) const {
    if (i >= size) fail(ExitCode::internal, "picture {} of a split of {}", i, size);
    const auto after = std::upper_bound(shards.begin(), shards.end(), i, [](std::uint64_t v, const Shard& s) { return v < s.first; });
    const Shard& shard = *std::prev(after);
    return {shard, shard.index.entries[i - shard.first]};
  }
};

Shards::Shards(const std::string& folder, const DatasetManifest& manifest, const std::string& split) : impl_(std::make_unique<Impl>()) {
  const auto found = manifest.splits.find(split);
  if (found == manifest.splits.end())
    fail(ExitCode::no_input, "data set {}: no split '{}'; it has: {}", folder, split, names_of(manifest.splits));
  impl_->num_classes = manifest.classes.size();
  impl_->shards.reserve(found->second.shards.size());
  allow_open_files(found->second.shards.size(), folder);
  for (const ShardInfo& info : found->second.shards) {
    const std::string path = folder + "/" + info.file;
    ShardFile tar(path, info.bytes);
    const std::string index_path = std::filesystem::path(path).replace_extension(".idx").string();
    std::error_code error;
    // An index is shorter than its tar, however many samples there are.
    ShardIndex index = std::filesystem::exists(index_path, error)
                           ? parse_shard_index(read_text_file(index_path, info.bytes), index_path, info.bytes)
                           : tar.index();
    if (index.entries.size() != info.num_samples)
      fail(ExitCode::bad_data, "{}: {} pictures, but dataset.json says {}; make the data set again", path, index.entries.size(),
           info.num_samples);
    impl_->shards.push_back({info.file, std::move(tar), std::move(index), impl_->size});
    impl_->size += info.num_samples;
  }
}

Shards::~Shards() = default;

std::uint64_t Shards::size() const { return impl_->size; }

std::string_view Shards::key(std::uint64_t i) const {
  const auto [shard, entry] = impl_->find(i);
  return shard.index.key(entry);
}

std::int32_t Shards::label(std::uint64_t i) const {
  const auto [shard, entry] = impl_->find(i);
  const LabelMember member(shard, entry);
  shard.tar.check_unchanged();
  return member.label(shard, shard.index.key(entry), impl_->num_classes);
}

Shards::Sample Shards::sample(std::uint64_t i, std::span<std::uint8_t> tail) const {
  const auto [shard, entry] = impl_->find(i);
  if (tail.size() > entry.data_bytes) tail = {};
  const std::size_t head_bytes = entry.data_bytes - tail.size();
  const std::span<std::uint8_t> head = thread_memory(kTarBlock + head_bytes);
  shard.tar.read(entry.data_offset - kTarBlock, head);
  shard.tar.read(entry.data_offset + head_bytes, tail);
  const LabelMember member(shard, entry);
  shard.tar.check_unchanged();
  const std::string_view key = shard.index.key(entry);
  check_member(shard, key, head.data());
  return {head.data() + kTarBlock, head_bytes, member.label(shard, key, impl_->num_classes), key, shard.file};
}

}  // namespace alexnet
