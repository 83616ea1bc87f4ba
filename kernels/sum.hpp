// Sums of gradients on the GPU: of the parts of a step, and of ranks that share a device.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/common/stream.hpp"

namespace alexnet {

inline constexpr int kMostSummands = 64;

// dst[i] = srcs[0][i] + srcs[1][i] + ..., added in this order: 1 to kMostSummands pieces of `count` floats of device memory; dst may be
// one of them.
void sum(std::span<const float* const> srcs, std::int64_t count, float* dst, CudaStream stream);

}  // namespace alexnet
