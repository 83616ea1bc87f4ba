// kWidth floats side by side, 1 or 4, read and written by one access: for kernels that have a path of vectors and one for channel counts
// that 4 does not divide.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

template <int kWidth>
struct Values {
  float v[kWidth];
  __device__ float& operator[](int i) { return v[i]; }
  __device__ float operator[](int i) const { return v[i]; }
};

template <int kWidth>
__device__ Values<kWidth> filled(float value) {
  Values<kWidth> result;
  for (int i = 0; i < kWidth; ++i) result[i] = value;
  return result;
}

// `from` and `to` are aligned to kWidth floats.
template <int kWidth>
__device__ Values<kWidth> load(const float* from) {
  static_assert(kWidth == 1 || kWidth == 4);
  if constexpr (kWidth == 1) {
    return {{*from}};
  } else {
    const float4 four = *reinterpret_cast<const float4*>(from);
    return {{four.x, four.y, four.z, four.w}};
  }
}

template <int kWidth>
__device__ void store(float* to, const Values<kWidth>& values) {
  static_assert(kWidth == 1 || kWidth == 4);
  if constexpr (kWidth == 1) {
    *to = values[0];
  } else {
    *reinterpret_cast<float4*>(to) = make_float4(values[0], values[1], values[2], values[3]);
  }
}

}  // namespace alexnet
