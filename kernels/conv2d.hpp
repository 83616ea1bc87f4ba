// 2-D convolution on the GPU; see ops/conv2d.hpp. Shapes and layouts: Conv2dShape (activations NHWC, weights OHWI). All pointers are to
// device memory and aligned to 256 bytes; all outputs are overwritten. The same bits every time: no atomics, and the order of every sum
// depends on the shape alone.
#pragma once

#include <cstddef>

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// dst = conv(src, weights) + bias, and with relu the maximum of that and 0; a NaN stays.
void conv2d_forward(const Conv2dShape& shape, bool relu, const float* src, const float* weights, const float* bias, float* dst,
                    CudaStream stream);

void conv2d_backward_data(const Conv2dShape& shape, const float* diff_dst, const float* weights, float* diff_src, CudaStream stream);

// Bytes of `scratch` for backward_weights: its partial sums; 0: none.
std::size_t conv2d_backward_weights_scratch_bytes(const Conv2dShape& shape);
void conv2d_backward_weights(const Conv2dShape& shape, const float* src, const float* diff_dst, float* diff_weights, float* scratch,
                             CudaStream stream);

}  // namespace alexnet
