// Everything a training needs, opened and checked before the first step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "alexnet/data/loader.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/train/checkpoint.hpp"
#include "alexnet/train/trainer.hpp"
#include "train/rank_group.hpp"

namespace alexnet {

struct TrainingSetup {
  DatasetManifest manifest;
  DatasetStatistics statistics;  // of the data set, or of train.init's checkpoint
  std::shared_ptr<const Shards> train_shards;
  std::uint64_t epoch_samples = 0;  // training pictures, after data.limit
  std::shared_ptr<Backend> backend;
  int num_loader_threads = 1;
  std::unique_ptr<Graph> graph;  // for the largest part of the batch that any rank takes at a time
  Share share;                   // of this rank, in batches of training and of evaluation

  // algorithms: of the run that goes on. Opens data set and backend, compiles the graph, and draws or loads (train.init) its weights.
  // Throws Error(configuration | bad_data | no_input | unavailable | out_of_memory).
  TrainingSetup(const Config& config, RankGroup& ranks, const Algorithms& algorithms);

  std::unique_ptr<Loader> training_loader(const Config& config, std::uint64_t first_sample) const;
  // nullptr when the data set has no such split.
  std::unique_ptr<Loader> evaluation_loader(const Config& config, const std::string& split) const;
};

}  // namespace alexnet
