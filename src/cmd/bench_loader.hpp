// Times what happens to a picture before the network: read and decoded into uint8 batches by the loader, cropped, turned into floats
// by the input op; each beside the least that it can cost, measured in the same run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alexnet {

struct LoaderBench {
  std::string data_set;
  std::int64_t batch_size = 128;
  std::uint64_t num_images = 1000;  // the first of the training split, again and again: they stay in memory
  std::vector<int> threads = {1, 2};
  double seconds = 1;  // of a measurement
  int rounds = 3;
};

struct Rate {
  double images_per_s = 0;
  double images_per_core_s = 0;  // by the processor time of all threads
};

struct LoaderStage {
  std::string name;
  int threads = 1;
  double bytes_per_image = 0;  // that come out
  std::string floor_name;
  Rate rate, floor;  // medians of the rounds
};

struct LoaderTimes {
  std::string encoding;
  std::int64_t size = 0, crop = 0;  // of a picture and of an input, both ways
  double stored_bytes = 0;          // of a picture in its shard, on average
  std::vector<LoaderStage> stages;
};

// The rounds go through all stages in turn. Throws as Shards and Loader do.
LoaderTimes time_loader(const LoaderBench& bench);

}  // namespace alexnet
