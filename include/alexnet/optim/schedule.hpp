// The learning rate over time: constant, steps, or lowered when validation stops improving (section 5 of the paper). Scaled from
// schedule.reference_batch to the batch, and reached in a straight line over schedule.warmup_epochs.
#pragma once

#include <cstdint>
#include <string>

#include "alexnet/config/config.hpp"

namespace alexnet {

// What a validation found; errors are fractions.
struct ValidationResult {
  double loss = 0, top1_error = 1, top5_error = 1;
  std::int64_t images = 0;
  double metric(const std::string& name) const;  // "loss", "top1_error", "top5_error"
};

// The plateau schedule's memory; goes into the checkpoint.
struct ScheduleState {
  std::int64_t reductions = 0;
  double best = 0;         // of the metric
  double best_epoch = -1;  // of the best or of the last reduction, the later one: patience counts from it; -1: no validation yet
  bool ended = false;      // one plateau more than max_reductions
};

class Schedule {
 public:
  // batch_size: of a step.
  Schedule(const ScheduleConfig& config, std::int64_t batch_size, const ScheduleState& state = {})
      : config_(config), batch_size_(static_cast<double>(batch_size)), state_(state) {}

  // For the step that begins with `samples` pictures seen, of an epoch of `epoch_samples`; `step` steps are done.
  double learning_rate(std::uint64_t step, std::uint64_t samples, std::uint64_t epoch_samples) const;
  // After a validation of the state at `epoch`. True: the rate was lowered, or the schedule ended.
  bool observe(const ValidationResult& result, double epoch);
  const ScheduleState& state() const { return state_; }

 private:
  double full_rate(std::uint64_t step, std::uint64_t samples, std::uint64_t epoch_samples) const;

  ScheduleConfig config_;
  double batch_size_;
  ScheduleState state_;
};

}  // namespace alexnet
