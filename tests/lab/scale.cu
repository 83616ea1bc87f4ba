// Exercise 1: dst[i] = factor * src[i], for any count.
//
// A grid of blocks runs the kernel; each thread makes one element. Which one? blockIdx.x, blockDim.x and threadIdx.x tell. What do the
// threads beyond the end of the array do?
#include "kernels/common/launch.hpp"

namespace alexnet::lab {
namespace {

__global__ void scale_kernel([[maybe_unused]] std::int64_t count, float factor, const float* src, float* dst) {
  const std::int64_t i = threadIdx.x;  // of the first block; and of the others?
  dst[i] = factor * src[i];
}

}  // namespace

void scale(std::int64_t count, float factor, const float* src, float* dst, CudaStream stream) {
  launch(scale_kernel, blocks_for(count, 256), 256, 0, stream, count, factor, src, dst);
}

}  // namespace alexnet::lab
