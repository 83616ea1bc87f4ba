// Exercise 2: sums[b] = the sum of the 256 elements of block b, src[256 * b] to src[256 * b + 255].
//
// The threads of a block meet in shared memory: each puts its element there, then half of them add what the other half holds, then a
// quarter, and so on. Who may read what when? __syncthreads() makes everyone wait until all are there. Faster still: the last 32 by
// __shfl_xor_sync, as kernels/common/reduce.cuh does.
#include "kernels/common/launch.hpp"

namespace alexnet::lab {
namespace {

constexpr unsigned kThreads = 256;

__global__ void block_sum_kernel(const float* src, float* sums) {
  __shared__ float values[kThreads];
  values[threadIdx.x] = src[blockIdx.x * kThreads + threadIdx.x];
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) values[threadIdx.x] += values[threadIdx.x + half];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = values[0];
}

}  // namespace

void block_sum(unsigned num_blocks, const float* src, float* sums, CudaStream stream) {
  launch(block_sum_kernel, num_blocks, kThreads, 0, stream, src, sums);
}

}  // namespace alexnet::lab
