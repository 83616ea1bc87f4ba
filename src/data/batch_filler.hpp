// What a batch holds: the loader without its threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alexnet/data/loader.hpp"

namespace alexnet {

class BatchFiller {
 public:
  // Parameters as of Loader; evaluation has neither order nor augmenter. Throws Error(bad_data) when the split is empty,
  // Error(configuration) when the batch size is none.
  BatchFiller(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size, std::uint64_t limit,
              Share share, std::optional<TrainingOrder> order, std::optional<Augmenter> augmenter, SampleTransform centre);

  std::int64_t size() const { return size_; }  // images of a batch
  std::size_t picture_bytes() const { return static_cast<std::size_t>(extent_ * extent_) * 3; }
  std::uint64_t num_batches() const;

  // Chooses the pictures of batch `number` and clears its padding. By one thread at a time.
  void choose(Batch& batch, std::uint64_t number);
  // Reads, decodes and draws for image i, 0 <= i < batch.valid. By any thread. Throws Error with shard and key.
  void load(const Batch& batch, std::size_t i) const;

 private:
  std::uint64_t picture_at(std::uint64_t position);

  std::shared_ptr<const Shards> shards_;
  std::int64_t extent_;                // of a stored picture, both ways
  std::string raw_header_;             // in front of a raw picture's pixels; empty: they are JPEGs
  std::uint64_t stride_, part_begin_;  // images of all ranks in a batch, and those before this rank's part
  std::int64_t size_;
  std::uint64_t num_images_;  // of an epoch
  std::optional<TrainingOrder> order_;
  std::optional<Augmenter> augmenter_;
  SampleTransform centre_;
  std::uint64_t epoch_;  // of epoch_order_
  std::vector<std::uint32_t> epoch_order_;
};

}  // namespace alexnet
