// Looks at the loss the way an experienced person would, and says what it means.
#pragma once

#include <cstdint>
#include <string>

namespace alexnet {

// "first batch: loss 6.9123; a network that knows nothing has ln(1000) = 6.9078"
std::string describe_first_loss(double loss, std::int64_t num_classes);
// Far above ln(classes), or not a number.
bool first_loss_is_suspicious(double loss, std::int64_t num_classes);

// Notices a loss that stays at ln(classes), what a network that has learned nothing shows.
class StallWatch {
 public:
  StallWatch(std::int64_t num_classes, std::uint64_t patience_steps) : num_classes_(num_classes), patience_steps_(patience_steps) {}
  // The mean loss of the steps up to `step`. True once per stall: when it has stayed within 1 % of ln(classes) for patience_steps.
  bool observe(double mean_loss, std::uint64_t step);
  // What usually is the reason, in words, for this network's settings.
  static std::string usual_reasons(double learning_rate, bool bias_one, double smallest_std);

 private:
  std::int64_t num_classes_;
  std::uint64_t patience_steps_;
  std::uint64_t stalled_since_ = 0;
  bool stalled_ = false, told_ = false;
};

// Validation no better than chance while training is: labels or preprocessing of the two splits differ.
bool validation_is_at_chance(double training_top1_error, double validation_top1_error, std::int64_t num_classes);

}  // namespace alexnet
