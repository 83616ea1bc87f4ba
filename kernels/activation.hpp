// Pointwise nonlinearities on the GPU; see ops/activation.hpp. All pointers are to `count` floats in device memory, aligned to 16 bytes.
#pragma once

#include <cstdint>

#include "alexnet/core/activation_function.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// dst = function(src), a NaN stays. dst may be src.
void activation_forward(const ActivationFunction& function, std::int64_t count, const float* src, float* dst, CudaStream stream);

// diff_src = diff_dst * the function's slope, from its value dst. diff_src may be diff_dst.
void activation_backward_data(const ActivationFunction& function, std::int64_t count, const float* dst, const float* diff_dst,
                              float* diff_src, CudaStream stream);

}  // namespace alexnet
