// dst[i] = srcs[0][i] + srcs[1][i] + ... over `count` floats, added in the order of the pieces; dst may be one of them.
#include "kernels/sum.hpp"

#include <algorithm>

#include "kernels/common/launch.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

struct Summands {
  const float* at[kMostSummands];
  int count;
};

// A thread makes one element: pieces begin at any float, so vectors would not do, and a warp's 32 floats fill whole sectors anyway.
__global__ void __launch_bounds__(kThreads) sum_kernel(Summands srcs, std::int64_t count, float* dst) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  float total = srcs.at[0][i];
  for (int k = 1; k < srcs.count; ++k) total += srcs.at[k][i];
  dst[i] = total;
}

}  // namespace

void sum(std::span<const float* const> srcs, std::int64_t count, float* dst, CudaStream stream) {
  Summands summands{};
  summands.count = static_cast<int>(srcs.size());
  std::copy(srcs.begin(), srcs.end(), summands.at);
  launch(sum_kernel, blocks_for(count, kThreads), kThreads, 0, stream, summands, count, dst);
}

}  // namespace alexnet
