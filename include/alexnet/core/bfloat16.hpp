// bf16, a storage type: the upper half of an f32 (sign, 8 bits of exponent, 7 of mantissa). Loops load it as f32, compute in f32 and
// round when they store: to the nearest, a tie to the one whose last bit is 0. NaN stays NaN, infinities and denormals stay what they
// are, and what lies beyond the largest finite bf16 by half a step or more becomes infinity.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "alexnet/core/dtype.hpp"

namespace alexnet {

struct BFloat16 {
  std::uint16_t bits;
};

inline float to_float(BFloat16 value) { return std::bit_cast<float>(std::uint32_t{value.bits} << 16); }
inline float to_float(float value) { return value; }

inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t quiet_nan = (bits >> 16) | 0x40U;  // the payload's upper bits alone could be 0: infinity
  return {static_cast<std::uint16_t>((bits & 0x7fffffffU) > 0x7f800000U ? quiet_nan : rounded)};
}

// As T stores it: BFloat16 rounds, float does not.
template <class T>
T stored(float value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return to_bfloat16(value);
  } else {
    return value;
  }
}

// f(BFloat16()) or f(float()), for a body that is a template of the storage type.
template <class F>
void with_storage_of(DType type, F&& f) {
  if (type == DType::bf16) {
    f(BFloat16());
  } else {
    f(float());
  }
}

}  // namespace alexnet
