// A small prepared data set with known pixels, for tests: raw (PPM) shards, index, manifest and statistics.
//
// A test that uses it links alexnet_data. Pictures of a class have a colour of their own with noise over it, so that a network can
// learn them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alexnet/data/dataset.hpp"

namespace alexnet {

struct SmallDatasetOptions {
  std::int64_t size = 8;
  std::int64_t num_classes = 3;                                                // at most 1000; ids "c000", "c001" ...
  std::map<std::string, std::uint64_t> samples = {{"train", 20}, {"val", 7}};  // by split
  std::uint64_t samples_per_shard = 8;
  bool with_index = true;
};

// Makes the folder. Returns what is in its dataset.json.
DatasetManifest write_small_dataset(const std::string& folder, const SmallDatasetOptions& options = {});

// Picture i (in the shards' order) of a split: class and pixel.
std::int32_t small_dataset_label(const SmallDatasetOptions& options, std::uint64_t i);
std::uint8_t small_dataset_pixel(const SmallDatasetOptions& options, const std::string& split, std::uint64_t i, std::int64_t y,
                                 std::int64_t x, std::int64_t c);

// One entry of a tar: header, content, padding to 512 bytes. For tests that write shards of their own.
std::string tar_member(const std::string& name, const std::string& content, char type = '0');

}  // namespace alexnet
