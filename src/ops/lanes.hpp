// Vectors of 16 floats, for loops in which the compiler does not find them itself: memory in f32 or bf16, arithmetic in f32. Where
// the machine's vectors are shorter, the compiler takes several.
//
// A row of values is worked on by for_each_vector: f(c, count) is called with a `count` that the compiler knows to be 16, and once with
// what is left; load and store take either. Only for functions inlined into one that is marked ALEXNET_SIMD.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "alexnet/core/bfloat16.hpp"

#pragma GCC diagnostic ignored "-Wpsabi"  // how vectors are handed over does not matter: all is inlined

namespace alexnet {

constexpr std::int64_t kLanes = 16;
using AllLanes = std::integral_constant<std::int64_t, kLanes>;

using Lanes [[gnu::vector_size(64)]] = float;
using IntLanes [[gnu::vector_size(64)]] = std::int32_t;
using UintLanes [[gnu::vector_size(64)]] = std::uint32_t;
using HalfLanes [[gnu::vector_size(32)]] = std::uint16_t;

template <class F>
[[gnu::always_inline]] inline void for_each_vector(std::int64_t length, F f) {
  std::int64_t c = 0;
  for (; c + kLanes <= length; c += kLanes) f(c, AllLanes{});
  if (c < length) f(c, length - c);
}

[[gnu::always_inline]] inline Lanes load(const float* from, AllLanes) {
  Lanes values;
  std::memcpy(&values, from, sizeof values);
  return values;
}

[[gnu::always_inline]] inline Lanes load(const BFloat16* from, AllLanes) {
  HalfLanes bits;
  std::memcpy(&bits, from, sizeof bits);
  return std::bit_cast<Lanes>(__builtin_convertvector(bits, UintLanes) << 16);
}

// The other lanes: 0.
template <class T>
[[gnu::always_inline]] inline Lanes load(const T* from, std::int64_t count) {
  T padded[kLanes] = {};
  std::copy_n(from, count, padded);
  return load(padded, AllLanes{});
}

[[gnu::always_inline]] inline void store(Lanes values, float* to, AllLanes) { std::memcpy(to, &values, sizeof values); }

// Rounds as to_bfloat16 does.
[[gnu::always_inline]] inline void store(Lanes values, BFloat16* to, AllLanes) {
  const auto bits = std::bit_cast<UintLanes>(values);
  const UintLanes upper = bits >> 16;
  const UintLanes rounded = (bits + 0x7fffU + (upper & 1U)) >> 16;
  const HalfLanes stored = __builtin_convertvector(values == values ? rounded : upper | 0x40U, HalfLanes);
  std::memcpy(to, &stored, sizeof stored);
}

template <class T>
[[gnu::always_inline]] inline void store(Lanes values, T* to, std::int64_t count) {
  T padded[kLanes];
  store(values, padded, AllLanes{});
  std::copy_n(padded, count, to);
}

}  // namespace alexnet
