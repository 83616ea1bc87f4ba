// Pictures that the program draws itself: one shape a picture, its class, in a random place, size, direction and colours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alexnet/data/decode.hpp"

namespace alexnet {

// "disc", "square", "triangle" ...; class c is the c-th.
const std::vector<std::string>& drawn_shapes();

// size x size pixels (16 to 1024), a pure function of the arguments, the same on every machine: integers only.
Picture draw_picture(std::uint64_t seed, std::uint64_t index, int shape, std::int64_t size);

}  // namespace alexnet
