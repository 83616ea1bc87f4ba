#include "train/watchdog.hpp"

#include <fmt/format.h>

#include <cmath>

namespace alexnet {

std::string describe_first_loss(double loss, std::int64_t num_classes) {
  return fmt::format("first batch: loss {:.4f}; a network that knows nothing has ln({}) = {:.4f}", loss, num_classes,
                     std::log(static_cast<double>(num_classes)));
}

bool first_loss_is_suspicious(double loss, std::int64_t num_classes) {
  const double chance = std::log(static_cast<double>(num_classes));
  return !(loss < 1.5 * chance + 0.5);
}

bool StallWatch::observe(double mean_loss, std::uint64_t step) {
  const double chance = std::log(static_cast<double>(num_classes_));
  if (!(std::abs(mean_loss - chance) <= 0.01 * chance)) {
    stalled_ = told_ = false;
    return false;
  }
  if (!stalled_) {
    stalled_ = true;
    stalled_since_ = step;
  }
  if (told_ || step - stalled_since_ < patience_steps_) return false;
  told_ = true;
  return true;
}

std::string StallWatch::usual_reasons(double learning_rate, bool bias_one, double smallest_std) {
  std::string reasons;
  if (bias_one && smallest_std < 0.03) {
    reasons += fmt::format(
        "biases that start at 1 with weights of std {} in conv3-conv5 (the net of 2012 had 0.03: see alexnet_original_2012.yaml); ",
        smallest_std);
  }
  reasons += fmt::format(
      "a learning rate of {:g} too small (or so large that units died: look at the share of zeros in metrics.jsonl, kind layers); ",
      learning_rate);
  return reasons + "labels that do not belong to the pictures (look at `alexnet inspect DATA --images sheet.png`)";
}

bool validation_is_at_chance(double training_top1_error, double validation_top1_error, std::int64_t num_classes) {
  const double chance_error = 1.0 - 1.0 / static_cast<double>(num_classes);
  return num_classes >= 4 && training_top1_error < 0.7 * chance_error && validation_top1_error > 0.98 * chance_error;
}

}  // namespace alexnet
