// The values that a parameter starts from.
#pragma once

#include <cstdint>
#include <vector>

#include "alexnet/model/layer.hpp"

namespace alexnet {

// In memory order (OHWI). A function of the seed and of the parameter's name, so that a layer keeps its values when others are removed.
std::vector<float> draw_initial_values(const ParameterSpec& spec, std::uint64_t seed);

}  // namespace alexnet
