// From stored pictures to the network's input in double precision; see ops/input.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "alexnet/core/geometry.hpp"
#include "alexnet/core/step_parameters.hpp"

namespace alexnet::reference {

// pixels (N,IH,IW,3); mean (IH,IW,3), or 3 values; one transform an image. Returns (N,OH,OW,3).
std::vector<double> input_forward(const InputShape& s, const std::vector<std::uint8_t>& pixels,
                                  const std::vector<SampleTransform>& transforms, const std::vector<double>& mean);

}  // namespace alexnet::reference
