// The shards of one split: tar files of KEY.jpg (or KEY.ppm) and KEY.cls, each with DALI's index beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "alexnet/data/dataset.hpp"

namespace alexnet {

class ShardWriter {
 public:
  // A shard is closed before the sample that would make it longer than max_shard_bytes. `extension`: "jpg" or "ppm". Goes on after the
  // shards that are closed already.
  ShardWriter(const std::string& folder, const std::string& split, const std::string& extension, std::uint64_t max_shard_bytes,
              SplitInfo closed = {});
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  struct Place {
    std::string key;    // "00001234": the sample's number in the split
    std::string shard;  // file name
  };
  // Throws Error(io_failed) with path and reason.
  Place add(std::span<const std::uint8_t> picture, std::int32_t label);

  // The shards that are whole and on disk.
  const std::vector<ShardInfo>& closed() const { return info_.shards; }

  // Ends the last shard; what was written, with hashes. Not to be used afterwards.
  SplitInfo finish();

 private:
  struct Shard;
  void open_shard();
  void close_shard();

  std::string folder_, split_, extension_;
  std::uint64_t max_shard_bytes_;
  SplitInfo info_;
  std::unique_ptr<Shard> shard_;
};

}  // namespace alexnet
