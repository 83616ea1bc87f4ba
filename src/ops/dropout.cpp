#include "alexnet/ops/dropout.hpp"

#include "alexnet/core/error.hpp"
#include "ops/checks.hpp"

namespace alexnet {

void check_dropout(const DropoutShape& s, const Tensor& src, const Tensor& dst) {
  check_rows("dropout: src", src, s.N, s.units, s.type);
  check_rows("dropout: dst", dst, s.N, s.units, s.type);
  check_slot("dropout", s.slot);
  if (s.channels < 1 || s.units % s.channels != 0 || s.first_channel < 0 || s.first_channel + s.channels > s.all_channels) {
    fail(ExitCode::internal, "dropout: {} units in pixels of {} channels from {} on, of {}", s.units, s.channels, s.first_channel,
         s.all_channels);
  }
}

void check_dropout_rates(const StepParameters& step) {
  for (std::size_t slot = 0; slot < step.dropout_rate.size(); ++slot) {
    const float rate = step.dropout_rate[slot];
    if (!(rate >= 0 && rate < 1)) fail(ExitCode::internal, "dropout in slot {}: the rate is {}, must be 0 to below 1", slot, rate);
  }
}

}  // namespace alexnet
