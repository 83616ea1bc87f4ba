// Average pool on the GPU; see ops/pool.hpp. All pointers are to device memory, aligned to 16 bytes: src and diff_src (N,IH,IW,C), dst and
// diff_dst (N,OH,OW,C).
#pragma once

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// count_pad: divide by KH*KW, else by the number of the window's pixels inside the picture.
void average_pool_forward(const PoolShape& shape, bool count_pad, const float* src, float* dst, CudaStream stream);

void average_pool_backward_data(const PoolShape& shape, bool count_pad, const float* diff_dst, float* diff_src, CudaStream stream);

}  // namespace alexnet
