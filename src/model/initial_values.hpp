// The values that a parameter starts from.
#pragma once

#include <cstdint>
#include <vector>

#include "alexnet/model/layer.hpp"

namespace alexnet {

// Of the rows that the device holds, in memory order (OHWI). A function of the seed, of the parameter's name and of the element's place in
// the whole tensor: a layer keeps its values when others are removed, and whoever holds its rows.
std::vector<float> draw_initial_values(const ParameterSpec& spec, std::uint64_t seed);

}  // namespace alexnet
