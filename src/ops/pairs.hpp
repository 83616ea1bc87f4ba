// Products of pairs in bf16, summed in f32: an instruction of AVX512_BF16, two products and two sums for each of 16 words.
//
// ALEXNET_BF16_PAIRS before a function that calls these: compiled for that extension, so it runs only where the CPU has it.
// Elsewhere than on x86-64 the same in plain arithmetic, so that it compiles; nothing chooses it there.
#pragma once

#include <cstdint>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/simd.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define ALEXNET_BF16_PAIRS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#else
#define ALEXNET_BF16_PAIRS
#endif

namespace alexnet {

using Pair = std::uint32_t;  // the first value in the lower half
using Pairs [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = Pair;

inline Pair pair_of(BFloat16 first, BFloat16 second) { return first.bits | Pair{second.bits} << 16; }

// sum[i] + a[i].first * b[i].first + a[i].second * b[i].second
#if defined(__x86_64__) && defined(__GNUC__)
[[gnu::always_inline]] ALEXNET_BF16_PAIRS inline Floats add_products(Floats sum, Pairs a, Pairs b) {
  return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

// 32 values, rounded to nearest even.
[[gnu::always_inline]] ALEXNET_BF16_PAIRS inline void store_bf16(Floats low, Floats high, BFloat16* dst) {
  _mm512_storeu_si512(dst, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
}

// The larger of value and 0; of NaN 0.
[[gnu::always_inline]] ALEXNET_BF16_PAIRS inline Floats relu(Floats value) {
  return (Floats)_mm512_maskz_max_ps(0xffff, (__m512)value, _mm512_setzero_ps());  // GCC 12 warns of the one without a mask
}
#else
inline Floats add_products(Floats sum, Pairs a, Pairs b) {
  return sum + (Floats)(a << 16) * (Floats)(b << 16) + (Floats)(a >> 16 << 16) * (Floats)(b >> 16 << 16);
}

inline void store_bf16(Floats low, Floats high, BFloat16* dst) {
  for (int i = 0; i < 16; ++i) {
    dst[i] = to_bfloat16(low[i]);
    dst[16 + i] = to_bfloat16(high[i]);
  }
}

inline Floats relu(Floats value) {
  for (int i = 0; i < 16; ++i) value[i] = value[i] > 0 ? value[i] : 0;
  return value;
}
#endif

}  // namespace alexnet
