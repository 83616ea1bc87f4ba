#include "ops/negative_power.hpp"

#include <cmath>

#include "alexnet/core/simd.hpp"

namespace alexnet {
namespace {

// 1/d before the roots: it keeps three quarters of its half ulp, where 1/(sqrt * root4) would round three times more.
ALEXNET_SIMD void power_three_quarters(float* d, std::int64_t count, float* power) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    d[i] = 1.0F / d[i];
    const float root = std::sqrt(d[i]);
    power[i] = root * std::sqrt(root);
  }
}

ALEXNET_SIMD void power_half(float* d, std::int64_t count, float* power) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    d[i] = 1.0F / d[i];
    power[i] = std::sqrt(d[i]);
  }
}

ALEXNET_SIMD void power_one(float* d, std::int64_t count, float* power) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    d[i] = 1.0F / d[i];
    power[i] = d[i];
  }
}

}  // namespace

void negative_power(float* d, std::int64_t count, float beta, float* power) {
  if (beta == 0.75F) {
    power_three_quarters(d, count, power);
  } else if (beta == 0.5F) {
    power_half(d, count, power);
  } else if (beta == 1.0F) {
    power_one(d, count, power);
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      power[i] = std::pow(d[i], -beta);
      d[i] = 1.0F / d[i];
    }
  }
}

}  // namespace alexnet
