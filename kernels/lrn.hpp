// Local response normalisation on the GPU; see ops/lrn.hpp. All pointers are to (N,H,W,C) floats in device memory, aligned to 16 bytes.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// Any shape; Error(internal) when windows of thousands of channels leave no room in a block's shared memory (backward_data: 2,200 channels
// on a device with 64 KiB a block, 9,000 with 227).
void lrn_forward(const LrnShape& shape, const float* src, float* dst, CudaStream stream);
void lrn_backward_data(const LrnShape& shape, const float* src, const float* diff_dst, float* diff_src, CudaStream stream);

}  // namespace alexnet
