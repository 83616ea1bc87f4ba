// Softmax, its cross-entropy and error counts on the GPU; see ops/softmax_cross_entropy.hpp.
#pragma once

#include <cstdint>

#include "alexnet/core/step_parameters.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

struct SoftmaxShape {
  std::int64_t N, num_classes;
};

// What the first of the two kernels leaves for the second, for each image.
struct ImageLoss {
  double loss;
  std::int32_t rank;  // classes that come before the label's
  std::int32_t finite;
};

// All pointers are to device memory: logits and probabilities (N, num_classes) f32, which may be the same; labels (N), of which the first
// step->valid_images count; losses (N), scratch. Adds to *totals.
void softmax_cross_entropy_forward(const SoftmaxShape& shape, const StepParameters* step, const float* logits, const std::int32_t* labels,
                                   float* probabilities, ImageLoss* losses, LossTotals* totals, CudaStream stream);

// diff_logits (N, num_classes) may be probabilities.
void softmax_cross_entropy_backward_data(const SoftmaxShape& shape, const StepParameters* step, const float* probabilities,
                                         const std::int32_t* labels, float* diff_logits, CudaStream stream);

}  // namespace alexnet
