// ReLU on the GPU; see ops/activation.hpp. All pointers are to `count` floats in device memory, aligned to 16 bytes.
#pragma once

#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// dst = max(src, 0), a NaN stays. dst may be src.
void relu_forward(std::int64_t count, const float* src, float* dst, CudaStream stream);

// diff_src = diff_dst where dst > 0, else 0. diff_src may be diff_dst.
void relu_backward_data(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream);

}  // namespace alexnet
