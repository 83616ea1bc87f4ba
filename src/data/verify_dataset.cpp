// `alexnet prepare --verify`: every byte of a data set against the hashes in dataset.json, and where a shard differs, every picture of
// it against its own in the .tsv.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "alexnet/core/error.hpp"
#include "alexnet/data/prepare.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kNamed = 5;  // damaged pictures in a line
constexpr std::ptrdiff_t kHashField = 7;
constexpr std::size_t kMaxTableBytes = std::size_t{1} << 32;

struct Content {
  std::uint64_t bytes = 0;
  std::string hash;
};

Content read_content(std::ifstream& file) {
  std::vector<char> buffer(1 << 20);
  Xxh3Hash hash;
  Content content;
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    hash.update(buffer.data(), static_cast<std::size_t>(file.gcount()));
    content.bytes += static_cast<std::uint64_t>(file.gcount());
  }
  content.hash = hash.hex();
  return content;
}

// The pictures' hashes by the table of a split, in the shards' order; "" where it holds none.
std::vector<std::string> read_hashes(const std::string& path) {
  std::vector<std::string> hashes;
  std::istringstream lines(read_text_file(path, kMaxTableBytes));
  for (std::string line; std::getline(lines, line);) {
    const bool has_hash = std::ranges::count(line, '\t') == kHashField;
    hashes.push_back(has_hash ? line.substr(line.rfind('\t') + 1) : "");
  }
  return hashes;
}

bool is_whole(const Shards& shards, std::uint64_t i, const std::string& expected) {
  try {
    const Shards::Sample sample = shards.sample(i);
    return xxh3_of(sample.data, sample.bytes) == expected;
  } catch (const Error&) {
    return false;
  }
}

// "damaged: 00000012, 00000031 and 4 more", of a shard that has its length.
std::string damaged_pictures(const std::string& folder, const DatasetManifest& manifest, const std::string& split, std::uint64_t first,
                             std::uint64_t count) {
  try {
    const std::vector<std::string> hashes = read_hashes(folder + "/" + split + ".tsv");
    const Shards shards(folder, manifest, split);
    std::vector<std::string> keys;
    for (std::uint64_t i = first; i < first + count; ++i) {
      if (!is_whole(shards, i, hashes.at(i))) keys.push_back(fmt::format("{:08}", i));
    }
    if (keys.empty()) return "every picture in it is whole";
    const std::size_t num_more = keys.size() - std::min(keys.size(), kNamed);
    keys.resize(keys.size() - num_more);
    return fmt::format("damaged: {}{}", fmt::join(keys, ", "), num_more > 0 ? fmt::format(" and {} more", num_more) : "");
  } catch (const std::exception& e) {
    return fmt::format("which pictures cannot be told: {}", e.what());
  }
}

}  // namespace

std::vector<std::string> verify_dataset(const std::string& folder) {
  const DatasetManifest manifest = read_manifest(folder);
  std::vector<std::string> damage;
  for (const auto& [name, split] : manifest.splits) {
    std::uint64_t first = 0;
    for (const ShardInfo& shard : split.shards) {
      std::ifstream file(folder + "/" + shard.file, std::ios::binary);
      const Content content = file ? read_content(file) : Content();
      if (!file.is_open()) {
        damage.push_back(fmt::format("{}: missing or not readable", shard.file));
      } else if (content.bytes != shard.bytes) {
        damage.push_back(fmt::format("{}: {} bytes instead of {}", shard.file, content.bytes, shard.bytes));
      } else if (content.hash != shard.xxh3_128) {
        damage.push_back(fmt::format("{}: its hash is {} instead of {}; {}", shard.file, content.hash, shard.xxh3_128,
                                     damaged_pictures(folder, manifest, name, first, shard.num_samples)));
      }
      first += shard.num_samples;
    }
  }
  return damage;
}

}  // namespace alexnet
