#include "ops/window_sums.hpp"

#include "alexnet/core/simd.hpp"

namespace alexnet {
namespace {

template <int Reach>
[[gnu::always_inline]] inline void sums(const float* padded, const Windows& w, float offset, float factor, float* out) {
  const std::int64_t stride = w.stride;
  for (std::int64_t r = 0; r < w.count; ++r, padded += w.pitch, out += w.length) {
#pragma omp simd
    for (std::int64_t i = 0; i < w.length; ++i) {
      float sum = padded[i];
#pragma GCC unroll 16
      for (int j = 1; j <= 2 * Reach; ++j) sum += padded[i + j * stride];
      out[i] = offset + factor * sum;
    }
  }
}

[[gnu::always_inline]] inline void sums_of_any_reach(const float* padded, const Windows& w, float offset, float factor, float* out) {
  for (std::int64_t r = 0; r < w.count; ++r, padded += w.pitch, out += w.length) {
    for (std::int64_t i = 0; i < w.length; ++i) out[i] = padded[i];
    for (std::int64_t j = 1; j <= 2 * w.reach; ++j) {
      const float* shifted = padded + j * w.stride;
#pragma omp simd
      for (std::int64_t i = 0; i < w.length; ++i) out[i] += shifted[i];
    }
#pragma omp simd
    for (std::int64_t i = 0; i < w.length; ++i) out[i] = offset + factor * out[i];
  }
}

}  // namespace

ALEXNET_SIMD void window_sums(const float* padded, const Windows& windows, float offset, float factor, float* out) {
  switch (windows.reach) {
    case 1:
      return sums<1>(padded, windows, offset, factor, out);
    case 2:
      return sums<2>(padded, windows, offset, factor, out);
    case 4:
      return sums<4>(padded, windows, offset, factor, out);
    default:
      return sums_of_any_reach(padded, windows, offset, factor, out);
  }
}

}  // namespace alexnet
