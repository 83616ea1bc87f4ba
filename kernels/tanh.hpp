// tanh on the GPU; see ops/activation.hpp. All pointers are to `count` floats in device memory, aligned to 16 bytes.
#pragma once

#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// dst = tanh(src), a NaN stays. dst may be src.
void tanh_forward(std::int64_t count, const float* src, float* dst, CudaStream stream);

// diff_src = diff_dst * (1 - dst^2). diff_src may be diff_dst.
void tanh_backward_data(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream);

}  // namespace alexnet
