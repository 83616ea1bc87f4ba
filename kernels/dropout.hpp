// Dropout on the GPU; see ops/dropout.hpp. All pointers are to device memory; src, dst, diff_dst and diff_src (N, units) f32, aligned to 16
// bytes. dst may be src, diff_src may be diff_dst.
#pragma once

#include "alexnet/core/step_parameters.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

void dropout_forward_train(const DropoutShape& shape, const StepParameters* step, const float* src, float* dst, CudaStream stream);
void dropout_forward_test(const DropoutShape& shape, const StepParameters* step, const float* src, float* dst, CudaStream stream);
void dropout_backward_data(const DropoutShape& shape, const StepParameters* step, const float* diff_dst, float* diff_src,
                           CudaStream stream);

}  // namespace alexnet
