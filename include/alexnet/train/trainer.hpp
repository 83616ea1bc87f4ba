// Training from a config to a run directory (section 5 of the paper).
#pragma once

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

// Trains until the config's end, or until a signal or train.max_minutes asks it to leave, with a checkpoint in either case.
// Returns done, answer_is_no (loss, weights or gradients were not finite; the last good checkpoint stands), run_again or interrupted.
// Throws Error for everything that is wrong before the first step, for a damaged picture, and when a checkpoint cannot be written.
ExitCode train(const TrainOptions& options);

}  // namespace alexnet
