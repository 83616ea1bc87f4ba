// Batches of decoded pictures in the order of training or evaluation, made ahead by threads.
//
// Pictures are one endless stream: position p is picture order_e[p % n] of epoch e = p / n, where order_e is a permutation drawn from
// (seed, epoch) for training and the identity for evaluation, which ends after one epoch. Crop, flip and colour noise of position p
// are drawn from (seed, p) and the config alone, so batches do not depend on the number of threads or on where a run was resumed.
// Several ranks cut every batch of this one stream among themselves: what a position holds does not depend on who takes it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/data/dataset.hpp"

namespace alexnet {

// One batch; owned by the loader, valid until it is given back.
struct Batch {
  std::int64_t size = 0;                  // extent of the arrays
  std::int64_t valid = 0;                 // images that count (the last evaluation batch is padded with zeros)
  std::uint64_t first_sample = 0;         // position of the first image in the stream
  std::span<std::uint8_t> pixels;         // (size, H, W, 3): the stored pictures, not cropped yet
  std::span<std::int32_t> labels;         // (size)
  std::span<SampleTransform> transforms;  // (size); training: drawn; evaluation: centre crop
  std::vector<std::uint64_t> indices;     // (valid): picture's index in the split
};

// The crop, flip and noise of stream position p in training.
class Augmenter {
 public:
  Augmenter(const DataConfig& config, std::uint64_t seed, const DatasetStatistics& statistics, std::int64_t height, std::int64_t width);
  // num_images: pictures of an epoch; position / num_images is the epoch that a timed color_noise.std goes by.
  SampleTransform draw(std::uint64_t position, std::uint64_t num_images) const;

 private:
  DataConfig config_;
  std::uint64_t seed_;
  std::array<std::array<double, 3>, 3> axes_;  // row i: eigenvector i times its standard deviation (or eigenvalue)
  std::int64_t height_, width_;
};

// View v of `num_views`: 1: centre crop. 10: corners and centre, then the same mirrored (section 4.1 of the paper).
SampleTransform evaluation_view(int view, int num_views, std::int64_t height, std::int64_t width, std::int64_t crop);

// Which order training takes, and where in it.
struct TrainingOrder {
  std::uint64_t seed = 0;
  std::uint64_t first_sample = 0;  // resume: the position to go on from
};

// The part of every batch that one of several ranks takes: contiguous, in the order of the ranks; the first parts are one image longer
// where num_ranks does not divide the batch.
struct Share {
  int rank = 0, num_ranks = 1;

  std::int64_t begin(std::int64_t batch_size) const;  // place of its first image in a batch
  std::int64_t size(std::int64_t batch_size) const;
};

// batch_size: of all ranks together; a Batch has share.size(batch_size) images. num_threads: of decoding, at least 1. limit: only the
// first so many pictures of the split; 0: all.
class Loader {
 public:
  // Training: endless, shuffled, augmented.
  Loader(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size, int num_threads,
         TrainingOrder order, Augmenter augmenter, std::uint64_t limit, Share share = {});
  // Evaluation: once through, in order, centre crops; `next` returns nullptr at the end. All ranks get equally many batches; in the last
  // one, part of a rank's images may be padding, or all.
  Loader(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size, int num_threads, std::int64_t crop,
         std::uint64_t limit, Share share = {});
  ~Loader();

  // Waits for the next batch. Throws what a worker threw (a picture that cannot be decoded: Error(bad_data) with shard and key).
  // A batch stays valid until give_back(); at most 2 may be out at a time.
  const Batch* next();
  void give_back(const Batch* batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
