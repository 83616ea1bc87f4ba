// The k largest of each row on the GPU; see ops/top_k.hpp.
#pragma once

#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// Device memory: values (N, num_classes) f32 -> indices (N, k) i32, top (N, k) f32. 1 <= k <= num_classes.
void top_k_forward(std::int64_t N, std::int64_t num_classes, std::int64_t k, const float* values, std::int32_t* indices, float* top,
                   CudaStream stream);

}  // namespace alexnet
