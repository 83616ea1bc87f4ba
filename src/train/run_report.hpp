// What a training says of itself before its first step.
#pragma once

#include "alexnet/train/run_directory.hpp"
#include "alexnet/train/trainer.hpp"
#include "train/training_setup.hpp"

namespace alexnet {

// RUN/environment.json: version, backend, device, the data set's hashes, the command line.
void write_environment(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options, const RankGroup& ranks);

// "4 ranks = 2 replicas x 2 columns, batch 128 = 2 x 64"; "" of one rank that takes the batch as a whole.
std::string describe_ranks(const RankLayout& layout, const TrainConfig& train);

// The same for people, into the log.
void announce(const RunDirectory& run, const TrainingSetup& setup, const Config& config, const RankGroup& ranks);

}  // namespace alexnet
