// What a training says of itself before its first step.
#pragma once

#include "alexnet/train/run_directory.hpp"
#include "alexnet/train/trainer.hpp"
#include "train/training_setup.hpp"

namespace alexnet {

// RUN/environment.json: version, backend, device, the data set's hashes, the command line.
void write_environment(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options);

// The same for people, into the log.
void announce(const RunDirectory& run, const TrainingSetup& setup, const Config& config);

}  // namespace alexnet
