// random_block of core/rng.hpp in device code: the same function of Random123 on the same counter and key, compiled for the GPU.
#pragma once

#include <cuda_runtime.h>

#include "alexnet/core/rng.hpp"

namespace alexnet {

__device__ inline uint4 device_random_block(std::uint64_t seed, std::uint32_t stream, std::uint64_t index, std::uint32_t sub) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), sub, stream}};
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const r123::Philox4x32::ctr_type words = r123::Philox4x32()(counter, key);
  return make_uint4(words.v[0], words.v[1], words.v[2], words.v[3]);
}

}  // namespace alexnet
