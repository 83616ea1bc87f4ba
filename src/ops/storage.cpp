#include "ops/storage.hpp"

#include "alexnet/core/simd.hpp"

namespace alexnet {

ALEXNET_SIMD void widen(const BFloat16* src, std::int64_t count, float* dst) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dst[i] = to_float(src[i]);
}

ALEXNET_SIMD void narrow(const float* src, std::int64_t count, BFloat16* dst) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dst[i] = to_bfloat16(src[i]);
}

}  // namespace alexnet
