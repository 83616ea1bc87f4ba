// The sum of two runs of gradients on the GPU; see Backend::add.
#pragma once

#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// dst <- dst + src: `count` floats of device memory each, aligned to 16 bytes.
void add(std::int64_t count, const float* src, float* dst, CudaStream stream);

}  // namespace alexnet
