// From stored pictures to the network's input on the GPU; see ops/input.hpp.
#pragma once

#include <cstdint>

#include "alexnet/core/geometry.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// All pointers are to device memory: pixels (N,IH,IW,3) u8; transforms (N), whose crops lie inside the pictures; mean (IH,IW,3) f32, or 3
// values with mean_is_per_colour; dst (N,OH,OW,3) f32.
void input_forward(const InputShape& shape, const std::uint8_t* pixels, const SampleTransform* transforms, const float* mean,
                   bool mean_is_per_colour, float* dst, CudaStream stream);

}  // namespace alexnet
