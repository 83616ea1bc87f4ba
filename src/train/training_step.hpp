// One step of a rank: its share of the batch in parts, gradients summed over parts and replicas, one update.
#pragma once

#include <optional>
#include <vector>

#include "alexnet/core/step_parameters.hpp"
#include "train/gradient_exchange.hpp"
#include "train/layer_statistics.hpp"
#include "train/rank_group.hpp"
#include "train/training_setup.hpp"

namespace alexnet {

class TrainingStep {
 public:
  // All must outlive this.
  TrainingStep(const TrainConfig& config, TrainingSetup& setup, RankGroup& ranks);

  // step: everything but what depends on the batch. statistics: nullptr: not now. Returns when the device is done.
  void run(const Batch& batch, StepParameters step, const std::vector<bool>& frozen, LayerStatistics* statistics);

 private:
  const TrainConfig& config_;
  TrainingSetup& setup_;
  std::optional<GradientExchange> exchange_;  // of several replicas
};

}  // namespace alexnet
