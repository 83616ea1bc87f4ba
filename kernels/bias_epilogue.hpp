// What follows a convolution that somebody else computed, on the GPU.
#pragma once

#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// dst (rows, channels) f32, device memory aligned to 16 bytes: dst[row,c] += bias[c], and with relu the maximum of that and 0; a NaN stays.
void bias_epilogue(std::int64_t rows, std::int64_t channels, bool relu, const float* bias, float* dst, CudaStream stream);

}  // namespace alexnet
