// Arrays from bf16 to f32 and back, for loops that know f32 alone.
#pragma once

#include <cstdint>

#include "alexnet/core/bfloat16.hpp"

namespace alexnet {

void widen(const BFloat16* src, std::int64_t count, float* dst);
void narrow(const float* src, std::int64_t count, BFloat16* dst);

}  // namespace alexnet
