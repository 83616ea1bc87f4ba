// d^-beta, the heart of both normalisations, over an array.
#pragma once

#include <cstdint>

namespace alexnet {

// power[i] = d[i]^-beta, then d[i] = 1 / d[i], for i in [0, count). beta 0.75, 0.5 and 1 are made of square roots and one division
// (1 or 2 ulp, vectorised); any other goes through std::pow, element by element.
void negative_power(float* d, std::int64_t count, float beta, float* power);

}  // namespace alexnet
