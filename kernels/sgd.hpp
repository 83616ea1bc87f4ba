// The update of SGD with momentum on the GPU; see ops/sgd.hpp.
#pragma once

#include "alexnet/core/step_parameters.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// All pointers are to device memory; diff_weights, velocity and weights hold shape.count floats, aligned to 16 bytes.
void sgd_update(const SgdShape& shape, const StepParameters* step, const float* diff_weights, float* velocity, float* weights,
                CudaStream stream);

}  // namespace alexnet
