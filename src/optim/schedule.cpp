#include "alexnet/optim/schedule.hpp"

#include <cmath>

#include "alexnet/core/error.hpp"

namespace alexnet {

double ValidationResult::metric(const std::string& name) const {
  if (name == "loss") return loss;
  if (name == "top1_error") return top1_error;
  if (name == "top5_error") return top5_error;
  fail(ExitCode::internal, "unknown metric {}", name);
}

// The first step's rate is that of the pictures it sees: not 0.
double Schedule::learning_rate(std::uint64_t step, std::uint64_t samples, std::uint64_t epoch_samples) const {
  const double rate = full_rate(step, samples, epoch_samples);
  const double warmup_samples = config_.warmup_epochs * static_cast<double>(epoch_samples);
  const double seen = static_cast<double>(samples) + batch_size_;
  return seen < warmup_samples ? rate * seen / warmup_samples : rate;
}

double Schedule::full_rate(std::uint64_t step, std::uint64_t samples, std::uint64_t epoch_samples) const {
  double rate = config_.learning_rate;
  if (config_.reference_batch) rate *= batch_size_ / static_cast<double>(*config_.reference_batch);
  if (config_.kind == "plateau") return rate * std::pow(config_.plateau.factor, static_cast<double>(state_.reductions));
  if (config_.kind == "steps") {
    for (const double epoch : config_.steps.at_epochs) {
      if (static_cast<double>(samples) >= epoch * static_cast<double>(epoch_samples)) rate *= config_.steps.factor;
    }
    for (const std::int64_t at_step : config_.steps.at_steps) {
      if (step >= static_cast<std::uint64_t>(at_step)) rate *= config_.steps.factor;
    }
  }
  return rate;
}

bool Schedule::observe(const ValidationResult& result, double epoch) {
  if (config_.kind != "plateau" || state_.ended) return false;
  const double value = result.metric(config_.plateau.metric);
  if (state_.best_epoch < 0 || value < state_.best - config_.plateau.threshold) {
    state_.best = value;
    state_.best_epoch = epoch;
    return false;
  }
  if (epoch - state_.best_epoch < config_.plateau.patience_epochs) return false;
  if (state_.reductions >= config_.plateau.max_reductions) {
    state_.ended = true;
  } else {
    ++state_.reductions;
    state_.best_epoch = epoch;  // the new rate gets its own patience; the best value stays the one to beat
  }
  return true;
}

}  // namespace alexnet
