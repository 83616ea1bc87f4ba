// Each kernel does its job with kWrong = false and makes one mistake with true. src and dst have kCount floats; kGrid blocks of kBlock
// threads, one element a thread.
#include "emulator/wrong_kernels.hpp"

#include <map>

#include "kernels/common/launch.hpp"
#include "kernels/common/shared.cuh"

namespace alexnet::emulator {
namespace {

__device__ int element() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

template <bool kWrong>
__global__ void read_overrun_kernel(const float* src, float* dst) {
  dst[element()] = src[element() + (kWrong ? 1 : 0)];
}

template <bool kWrong>
__global__ void write_underrun_kernel(const float* src, float* dst) {
  dst[element() - (kWrong ? 1 : 0)] = src[element()];
}

template <bool kWrong>
__global__ void wild_pointer_kernel(const float* src, float* dst) {
  dst[element()] = *(kWrong ? reinterpret_cast<const float*>(64) : src + element());
}

template <bool kWrong>
__global__ void shared_overrun_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  const unsigned t = threadIdx.x + (kWrong ? 1 : 0);
  tile[t] = src[element()];
  dst[element()] = tile[t];
}

// The compiler sees no array here.
__attribute__((noinline)) __device__ void store(float* at, unsigned index, float value) { at[index] = value; }

template <bool kWrong>
__global__ void shared_pointer_overrun_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock + 1];
  store(tile, threadIdx.x + (kWrong ? 2 : 0), src[element()]);
  dst[element()] = src[element()];
}

template <bool kWrong>
__global__ void dynamic_overrun_kernel(const float* src, float* dst) {
  auto* tile = reinterpret_cast<float*>(dynamic_shared);
  tile[threadIdx.x + (kWrong ? 1 : 0)] = src[element()];
  dst[element()] = src[element()];
}

template <bool kWrong>
__global__ void missing_barrier_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  tile[threadIdx.x] = src[element()];
  if (!kWrong) __syncthreads();
  dst[element()] = tile[kBlock - 1 - threadIdx.x];
}

template <bool kWrong>
__global__ void overwritten_too_soon_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  float sum = 0;
  for (int i = 0; i < 2; ++i) {
    tile[threadIdx.x] = src[element()];
    __syncthreads();
    sum += tile[kBlock - 1 - threadIdx.x];
    if (!kWrong) __syncthreads();
  }
  dst[element()] = sum;
}

template <bool kWrong>
__global__ void two_writers_kernel(const float* src, float* dst) {
  __shared__ float largest;
  if (threadIdx.x == 0 || kWrong) largest = src[0];
  __syncthreads();
  dst[element()] = largest;
}

// Lanes of a warp exchange through shared memory; warps do not meet.
template <bool kWrong>
__global__ void missing_syncwarp_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  tile[threadIdx.x] = src[element()];
  if (!kWrong) __syncwarp();
  dst[element()] = tile[threadIdx.x ^ 31];
}

template <bool kWrong>
__global__ void half_a_syncwarp_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  tile[threadIdx.x] = src[element()];
  __syncwarp((threadIdx.x & 16) != 0 ? 0xffff0000U : 0x0000ffffU);
  dst[element()] = tile[threadIdx.x ^ (kWrong ? 31 : 15)];
}

template <bool kWrong>
__global__ void syncwarp_between_warps_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  tile[threadIdx.x] = src[element()];
  __syncwarp();
  dst[element()] = tile[threadIdx.x ^ (kWrong ? 32 : 1)];
}

template <bool kWrong>
__global__ void barrier_after_return_kernel(const float* src, float* dst) {
  if (kWrong && threadIdx.x >= 40) return;
  __syncthreads();
  if (threadIdx.x < 40) dst[element()] = src[element()];
}

template <bool kWrong>
__global__ void two_barriers_kernel(const float* src, float* dst) {
  if (kWrong && threadIdx.x < 32) {
    dst[element()] = 0;
    __syncthreads();
  } else {
    dst[element()] = src[element()];
    __syncthreads();
  }
}

template <bool kWrong>
__global__ void absent_lanes_kernel(const float* src, float* dst) {
  if (!kWrong || threadIdx.x % 32 < 16) __syncwarp(0xffffffffU);
  __syncthreads();
  dst[element()] = src[element()];
}

template <bool kWrong>
__global__ void shuffle_from_absent_lane_kernel(const float* src, float* dst) {
  float value = src[element()];
  if (threadIdx.x % 32 < 16) value = __shfl_sync(0x0000ffffU, value, kWrong ? 20 : 4);
  dst[element()] = value;
}

template <bool kWrong>
__global__ void uninitialised_shared_kernel(const float* src, float* dst) {
  __shared__ float tile[kBlock];
  if (!kWrong || threadIdx.x != 5) tile[threadIdx.x] = src[element()];
  __syncthreads();
  dst[element()] = tile[threadIdx.x];
}

template <bool kWrong>
__global__ void two_threads_one_element_kernel(const float* src, float* dst) {
  if (kWrong) {
    dst[threadIdx.x / 2] = src[element()];
  } else {
    atomicAdd(&dst[threadIdx.x / 2], src[element()]);
  }
}

template <bool kWrong>
__global__ void other_blocks_result_kernel(const float* src, float* dst) {
  dst[element()] = src[element()];
  __syncthreads();
  const float other = dst[kWrong ? kCount - 1 - element() : element() ^ 1];
  __syncthreads();
  dst[element()] = other;
}

template <bool kWrong>
__global__ void read_by_all_blocks_kernel(const float* src, float* dst) {
  const float old = dst[threadIdx.x];
  if (blockIdx.x == 1 || old < 0) dst[threadIdx.x + (kWrong ? 0 : kBlock)] = old + src[element()];
}

template <bool kWrong>
__global__ void misaligned_vector_kernel(const float* src, float* dst) {
  if (threadIdx.x >= 8) return;
  const int i = static_cast<int>(blockIdx.x * 8 + threadIdx.x) * 4 + (kWrong ? 2 : 0);
  const float4 value = *reinterpret_cast<const float4*>(src + i);
  *reinterpret_cast<float4*>(dst + i) = value;
}

template <bool kWrong>
__global__ void much_shared_memory_kernel(const float* src, float* dst) {
  __shared__ float tile[kWrong ? 12289 : 12288];
  tile[threadIdx.x] = src[element()];
  dst[element()] = tile[threadIdx.x];
}

using Kernel = void(const float*, float*);
struct Twins {
  Kernel *wrong, *right;
};
#define TWINS(mistake)                                            \
  {                                                               \
#mistake, { mistake##_kernel<true>, mistake##_kernel<false> } \
  }

const std::map<std::string, Twins> kMistakes = {TWINS(read_overrun),
                                                TWINS(write_underrun),
                                                TWINS(wild_pointer),
                                                TWINS(shared_overrun),
                                                TWINS(shared_pointer_overrun),
                                                TWINS(dynamic_overrun),
                                                TWINS(missing_barrier),
                                                TWINS(overwritten_too_soon),
                                                TWINS(two_writers),
                                                TWINS(missing_syncwarp),
                                                TWINS(half_a_syncwarp),
                                                TWINS(syncwarp_between_warps),
                                                TWINS(barrier_after_return),
                                                TWINS(two_barriers),
                                                TWINS(absent_lanes),
                                                TWINS(shuffle_from_absent_lane),
                                                TWINS(uninitialised_shared),
                                                TWINS(two_threads_one_element),
                                                TWINS(other_blocks_result),
                                                TWINS(read_by_all_blocks),
                                                TWINS(misaligned_vector),
                                                TWINS(much_shared_memory)};

}  // namespace

void launch_mistake(const std::string& mistake, bool wrong, const float* src, float* dst) {
  const Twins& twins = kMistakes.at(mistake);
  launch(wrong ? twins.wrong : twins.right, kGrid, kBlock, kBlock * sizeof(float), nullptr, src, dst);
}

namespace {

template <int kPitch>
__global__ void transpose_kernel(const float* src, float* dst) {
  __shared__ float square[32][kPitch];
  square[threadIdx.x][threadIdx.y] = src[threadIdx.y * 32 + threadIdx.x];
  __syncthreads();
  dst[threadIdx.y * 32 + threadIdx.x] = square[threadIdx.y][threadIdx.x];
}

__global__ void copy_kernel(int stride, const float* src, float* dst) {
  const float strided = src[element() * stride];
  dst[element()] = strided;
}

__global__ void copy_vectors_kernel(const float* src, float* dst) {
  const float4 four = reinterpret_cast<const float4*>(src)[element()];
  reinterpret_cast<float4*>(dst)[element()] = four;
}

}  // namespace

void launch_transpose(bool padded, const float* src, float* dst) {
  launch(padded ? transpose_kernel<33> : transpose_kernel<32>, 1, dim3(32, 32), 0, nullptr, src, dst);
}
void launch_copy(int stride, const float* src, float* dst) { launch(copy_kernel, kGrid, kBlock, 0, nullptr, stride, src, dst); }
void launch_copy_vectors(const float* src, float* dst) { launch(copy_vectors_kernel, 1, kCount / 4, 0, nullptr, src, dst); }
void launch_copy_with(int threads, std::size_t shared_bytes, const float* src, float* dst) {
  launch(copy_kernel, 1, threads, shared_bytes, nullptr, 1, src, dst);
}

}  // namespace alexnet::emulator
