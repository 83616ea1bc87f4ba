#include "kernels/common/launch.hpp"

namespace alexnet::lab {
namespace {

constexpr unsigned kThreads = 256;

__global__ void block_sum_kernel(const float* src, float* sums) {
  __shared__ float values[kThreads];
  values[threadIdx.x] = src[blockIdx.x * kThreads + threadIdx.x];
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) values[threadIdx.x] += values[threadIdx.x + half];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = values[0];
}

}  // namespace

void block_sum(unsigned num_blocks, const float* src, float* sums, CudaStream stream) {
  launch(block_sum_kernel, num_blocks, kThreads, 0, stream, src, sums);
}

}  // namespace alexnet::lab
