// d^-beta, the heart of both normalisations.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

struct Powers {
  float power, reciprocal;  // d^-beta, 1 / d
};

// d > 0. beta 0.75, 0.5 and 1 are made of correctly rounded square roots and one division: 1 or 2
// ulp, where powf has up to 4 and costs several times as much. Any other beta goes through powf. All threads take the same way.
__device__ inline Powers negative_power(float d, float beta) {
  const float reciprocal = 1.0F / d;
  if (beta == 0.75F) {
    const float root = sqrtf(reciprocal);
    return {root * sqrtf(root), reciprocal};
  }
  if (beta == 0.5F) return {sqrtf(reciprocal), reciprocal};
  if (beta == 1.0F) return {reciprocal, reciprocal};
  return {powf(d, -beta), reciprocal};
}

}  // namespace alexnet
