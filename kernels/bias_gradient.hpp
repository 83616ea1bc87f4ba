// The gradient of a bias on the GPU, for convolution and fully connected layers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// Device memory: diff_dst (rows, channels) f32, aligned to 16 bytes -> diff_bias[c] = sum over the rows of diff_dst[row,c]. rows: of all
// images' pixels. scratch: bias_gradient_scratch_bytes(rows, channels), aligned like diff_dst.
std::size_t bias_gradient_scratch_bytes(std::int64_t rows, std::int64_t channels);
void bias_gradient(std::int64_t rows, std::int64_t channels, const float* diff_dst, float* diff_bias, float* scratch, CudaStream stream);

}  // namespace alexnet
