// Pointwise passes: a thread makes 4 elements, as one vector: they run at the speed of memory, and 16 bytes a lane are the widest access
// there is. The thread at the end of a count that 4 does not divide goes one by one.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace alexnet {

inline constexpr int kPointwiseThreads = 256, kPointwisePerBlock = 4 * kPointwiseThreads;

// dst[i] = f(a[i]) for this thread's elements of `count`; dst may be a.
template <class F>
__device__ __forceinline__ void pointwise(std::int64_t count, const float* a, float* dst, F f) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kPointwisePerBlock + 4 * threadIdx.x;
  if (first + 4 <= count) {
    const float4 x = *reinterpret_cast<const float4*>(a + first);
    *reinterpret_cast<float4*>(dst + first) = make_float4(f(x.x), f(x.y), f(x.z), f(x.w));
  } else {
    for (std::int64_t i = first; i < count; ++i) dst[i] = f(a[i]);
  }
}

// dst[i] = f(a[i], b[i]); dst may be a or b.
template <class F>
__device__ __forceinline__ void pointwise(std::int64_t count, const float* a, const float* b, float* dst, F f) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kPointwisePerBlock + 4 * threadIdx.x;
  if (first + 4 <= count) {
    const float4 x = *reinterpret_cast<const float4*>(a + first);
    const float4 y = *reinterpret_cast<const float4*>(b + first);
    *reinterpret_cast<float4*>(dst + first) = make_float4(f(x.x, y.x), f(x.y, y.y), f(x.z, y.z), f(x.w, y.w));
  } else {
    for (std::int64_t i = first; i < count; ++i) dst[i] = f(a[i], b[i]);
  }
}

}  // namespace alexnet
