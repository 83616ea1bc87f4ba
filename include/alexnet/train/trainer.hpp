// Training from a config to a run directory (section 5 of the paper).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/core/error.hpp"
#include "alexnet/train/run_directory.hpp"

namespace alexnet {

struct TrainOptions {
  Config config;
  std::string config_name;    // for the default run directory
  std::string run_directory;  // "": runs/<config>-<date-time>
  ResumeMode resume = ResumeMode::fresh;
  std::string version_json;  // for RUN/environment.json
  std::vector<std::string> command_line;
};

// Pictures that a rank takes at a time: the largest part of a batch that is cut among replicas, and each share into micro_batches.
std::int64_t largest_part(const TrainConfig& train, int replicas);

// On every rank of the config's replicas and column devices: threads of this process, or the processes that mpirun or srun started.
// Trains until the config's end, or until a signal or train.max_minutes asks it to leave, with a checkpoint in either case.
// Returns done, answer_is_no (loss, weights or gradients were not finite; the last good checkpoint stands), run_again or interrupted.
// Throws Error for everything that is wrong before the first step, for a damaged picture, when a checkpoint cannot be written, and when
// another rank is lost.
ExitCode train(const TrainOptions& options);

}  // namespace alexnet
