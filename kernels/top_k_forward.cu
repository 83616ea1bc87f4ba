// indices[n,i], top[n,i] = index and value of the i-th largest of values[n,:]; of equal ones the lower index first (0 and -0 are equal),
// NaN last. values (N, num_classes); overwrites indices and top (N, k).
#include "kernels/common/launch.hpp"
#include "kernels/common/reduce.cuh"
#include "kernels/top_k.hpp"

namespace alexnet {
namespace {

constexpr unsigned kThreads = 256;

using Key = unsigned long long;

// Larger for what comes earlier, different for all elements of a row, never 0. The upper half orders as the values do: a float's bits are
// in order when positive, in reverse order when negative.
__device__ Key key_of(float value, std::int64_t index) {
  const auto bits = static_cast<unsigned>(__float_as_int(value + 0.0F));  // + 0: from -0 to 0
  const unsigned order = isnan(value) ? 0U : (bits & 0x80000000U) != 0U ? ~bits : bits | 0x80000000U;
  return static_cast<Key>(order) << 32 | ~static_cast<unsigned>(index);
}
__device__ std::int32_t index_of(Key key) { return static_cast<std::int32_t>(~static_cast<unsigned>(key)); }

// A block makes one row: k times the largest key below the one before. k is 5 and a row some 1000 values, which stay in the L1 cache; this
// runs once an image of an evaluation. In shared memory: one partial result for each warp.
__global__ void __launch_bounds__(kThreads)
    top_k_forward_kernel(std::int64_t num_classes, std::int64_t k, const float* values, std::int32_t* indices, float* top) {
  __shared__ Key partial[kThreads / kWarpLanes];
  const std::int64_t n = blockIdx.x;
  const float* row = values + n * num_classes;
  Key before = ~Key{0};
  for (std::int64_t i = 0; i < k; ++i) {
    Key best = 0;
    for (std::int64_t c = threadIdx.x; c < num_classes; c += kThreads) {
      const Key key = key_of(row[c], c);
      if (key < before && key > best) best = key;
    }
    before = reduce_block<kThreads>(best, Maximum{}, partial);
    if (threadIdx.x != 0) continue;
    indices[n * k + i] = index_of(before);
    top[n * k + i] = row[index_of(before)];
  }
}

}  // namespace

void top_k_forward(std::int64_t N, std::int64_t num_classes, std::int64_t k, const float* values, std::int32_t* indices, float* top,
                   CudaStream stream) {
  launch(top_k_forward_kernel, blocks_for(N, 1), kThreads, 0, stream, num_classes, k, values, indices, top);
}

}  // namespace alexnet
