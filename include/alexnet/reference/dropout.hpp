// Dropout in double precision; see ops/dropout.hpp. One function for all passes: what is multiplied by the mask differs, the mask does not.
#pragma once

#include <cstdint>
#include <vector>

namespace alexnet::reference {

struct DropoutMask {
  std::uint64_t seed, first_sample;
  int slot;
  double rate;
  // Of a device that holds some of the channels; see DropoutShape.
  std::int64_t channels = 1, first_channel = 0, all_channels = 1;
};

// src (N, units): 0 where the unit is dropped, src * kept_factor elsewhere.
std::vector<double> dropout(const DropoutMask& mask, std::int64_t N, std::int64_t units, double kept_factor,
                            const std::vector<double>& src);

}  // namespace alexnet::reference
