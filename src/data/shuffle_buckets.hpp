// Encoded pictures put aside on disk while they arrive in the source's order, and taken out again in the order of the shards.
//
// This is how a set that does not fit into memory is fully shuffled. Every picture has a rank: its place in one random permutation of
// the whole split. Bucket b of B is a file that holds the ranks [b n / B, (b + 1) n / B) in whatever order they came; it is small
// enough to be read at random afterwards. So the source is read once, from front to end, and the shards hold an unrestricted
// permutation all the same.
//
//   <stem>-000: records of rank, bytes, height, width (u32, in this machine's byte order), then the encoded picture
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/append_file.hpp"

namespace alexnet {

// Which ranks a bucket holds.
struct BucketLayout {
  std::string stem;  // FOLDER/<split>-bucket
  std::uint64_t num_ranks = 0, num_buckets = 1;

  std::uint64_t first_rank(std::uint64_t bucket) const { return (bucket * num_ranks + num_buckets - 1) / num_buckets; }
  std::uint64_t bucket_of(std::uint64_t rank) const { return rank * num_buckets / num_ranks; }
  std::string path(std::uint64_t bucket) const;
};

class BucketWriter {
 public:
  // Goes on behind the first lengths[b] bytes of each bucket. Throws as AppendFile does.
  BucketWriter(const BucketLayout& layout, const std::vector<std::uint64_t>& lengths);
  void add(std::uint64_t rank, std::int64_t height, std::int64_t width, std::span<const std::uint8_t> picture);
  // The lengths of the buckets, all of it on disk.
  std::vector<std::uint64_t> sync();

 private:
  BucketLayout layout_;
  std::vector<AppendFile> files_;
};

class BucketReader {
 public:
  // Throws Error(io_failed) when the file cannot be read or is no bucket.
  BucketReader(const BucketLayout& layout, std::uint64_t bucket);

  struct Picture {
    std::int64_t height, width;  // of the source
    std::span<const std::uint8_t> bytes;
  };
  // The picture of a rank of this bucket; none: it was never added. Valid until the next call.
  std::optional<Picture> read(std::uint64_t rank);
  bool has(std::uint64_t rank) const { return places_[rank - first_rank_].offset != 0; }
  std::uint64_t first_rank() const { return first_rank_; }
  std::uint64_t end_rank() const { return first_rank_ + places_.size(); }

 private:
  struct Place {
    std::uint64_t offset = 0;  // of the picture; 0: none
    std::uint32_t bytes = 0, height = 0, width = 0;
  };
  [[noreturn]] void fail_damaged() const;

  std::string path_;
  std::ifstream file_;
  std::uint64_t first_rank_;
  std::vector<Place> places_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace alexnet
