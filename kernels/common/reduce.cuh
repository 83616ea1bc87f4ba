// Reductions over the lanes of a warp and the threads of a block. The order of the operations is fixed: the same result every time.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

inline constexpr unsigned kWarpLanes = 32;
inline constexpr unsigned kAllLanes = 0xffffffffU;

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

struct Maximum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

// Every lane gets the result of all 32.
template <class T, class Operation>
__device__ T reduce_warp(T value, Operation operation) {
  for (unsigned lanes = kWarpLanes / 2; lanes > 0; lanes /= 2) value = operation(value, __shfl_xor_sync(kAllLanes, value, lanes));
  return value;
}

// Every thread gets the result of all threads of a block of kThreads (whole warps, one dimension). `partial` is shared memory of one
// value a warp, which may be used again at once.
template <unsigned kThreads, class T, class Operation>
__device__ T reduce_block(T value, Operation operation, T (&partial)[kThreads / kWarpLanes]) {
  static_assert(kThreads % kWarpLanes == 0);
  value = reduce_warp(value, operation);
  __syncthreads();  // of the reduction before, everyone has read `partial`
  if (threadIdx.x % kWarpLanes == 0) partial[threadIdx.x / kWarpLanes] = value;
  __syncthreads();
  value = partial[0];
  for (unsigned warp = 1; warp < kThreads / kWarpLanes; ++warp) value = operation(value, partial[warp]);
  return value;
}

}  // namespace alexnet
