// ALEXNET_SIMD before a function of plain loops: compiled for AVX-512, AVX2 and the baseline, chosen when the program starts, so
// that one binary runs everywhere. Off under sanitizers, whose runtimes do not survive the early dispatch.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(ALEXNET_SANITIZED)
#define ALEXNET_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define ALEXNET_SIMD
#endif

namespace alexnet {

// 512 bits at any address.
using Floats [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;

// Vectors of 512 bits and 32 registers for them, which those functions then use.
inline bool has_wide_vectors() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  return __builtin_cpu_supports("x86-64-v4") != 0;
#else
  return false;
#endif
}

}  // namespace alexnet
