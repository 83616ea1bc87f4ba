// `alexnet prepare --verify`: every byte of a data set against the hashes in dataset.json, and where a shard differs, every picture of
// it against its own in the .tsv.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/data/prepare.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"
#include "data/file_hash.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kNamed = 5;  // damaged pictures in a line
constexpr std::ptrdiff_t kHashField = 7;
constexpr std::size_t kMaxTableBytes = std::size_t{1} << 32;

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

class Verification {
 public:
  explicit Verification(const std::string& folder) : folder_(folder), manifest_(read_manifest(folder)) {}

  std::vector<std::string> run() {
    for (const auto& [name, split] : manifest_.splits) verify_shards(name, split);
    for (const auto& [name, hash] : manifest_.files) {
      // An index may be deleted: it is found from the tar again.
      if (!name.ends_with(".idx") || std::filesystem::exists(folder_ + "/" + name)) verify_file(name, hash);
    }
    if (manifest_.files.empty())
      log::info("{}: an older data set: dataset.json holds no hashes of indices, tables and statistics, so these were not compared",
                folder_);
    return std::move(damage_);
  }

 private:
  std::optional<FileHash> hash_of(const std::string& name) {
    try {
      return hash_file(folder_ + "/" + name);
    } catch (const Error&) {
      damage_.push_back(fmt::format("{}: missing or not readable", name));
      return std::nullopt;
    }
  }

  static std::string other_hash(const std::string& name, const std::string& found, const std::string& expected) {
    return fmt::format("{}: its hash is {} instead of {}", name, found, expected);
  }

  void verify_file(const std::string& name, const std::string& expected) {
    const std::optional<FileHash> found = hash_of(name);
    if (found && !expected.empty() && found->xxh3_128 != expected) damage_.push_back(other_hash(name, found->xxh3_128, expected));
  }

  void verify_shards(const std::string& name, const SplitInfo& split) {
    std::vector<std::string> hashes;  // of the split's pictures, once a shard is damaged
    std::uint64_t first = 0;
    for (const ShardInfo& shard : split.shards) {
      const std::optional<FileHash> found = hash_of(shard.file);
      if (found && found->bytes != shard.bytes) {
        damage_.push_back(fmt::format("{}: {} bytes instead of {}", shard.file, found->bytes, shard.bytes));
      } else if (found && !shard.xxh3_128.empty() && found->xxh3_128 != shard.xxh3_128) {
        damage_.push_back(other_hash(shard.file, found->xxh3_128, shard.xxh3_128) + "; " + damaged_pictures(name, shard, first, hashes));
      }
      first += shard.num_samples;
    }
  }

  // "damaged: 00000012, 00000031 and 4 more", of a shard that has its length.
  std::string damaged_pictures(const std::string& split, const ShardInfo& shard, std::uint64_t first, std::vector<std::string>& hashes) {
    try {
      if (hashes.empty()) hashes = read_hashes(folder_ + "/" + split + ".tsv");
      DatasetManifest alone = manifest_;  // this shard: another one may be missing
      alone.splits = {{split, {shard.num_samples, {shard}}}};
      const Shards shards(folder_, alone, split);
      std::vector<std::string> keys;
      for (std::uint64_t i = 0; i < shard.num_samples; ++i) {
        if (!is_whole(shards, i, hashes.at(first + i))) keys.push_back(fmt::format("{:08}", first + i));
      }
      if (keys.empty()) return "every picture in it is whole";
      const std::size_t num_more = keys.size() - std::min(keys.size(), kNamed);
      keys.resize(keys.size() - num_more);
      return fmt::format("damaged: {}{}", fmt::join(keys, ", "), num_more > 0 ? fmt::format(" and {} more", num_more) : "");
    } catch (const std::exception& e) {
      return fmt::format("which pictures cannot be told: {}", e.what());
    }
  }

  std::string folder_;
  DatasetManifest manifest_;
  std::vector<std::string> damage_;
};

}  // namespace

std::vector<std::string> verify_dataset(const std::string& folder) { return Verification(folder).run(); }

}  // namespace alexnet
