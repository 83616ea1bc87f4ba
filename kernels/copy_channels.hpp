// The copy of channels on the GPU; see ops/copy_channels.hpp. src and dst: device memory, f32, aligned to 16 bytes where 4 divides channels
// and places of both.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

void copy_channels_forward(const CopyChannelsShape& shape, const float* src, float* dst, CudaStream stream);

}  // namespace alexnet
