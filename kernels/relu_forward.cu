// dst = max(src, 0) over `count` floats; overwrites dst, which may be src. Section 3.1 of the paper.
#include "kernels/common/launch.hpp"
#include "kernels/relu.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

// A NaN compares as false and stays.
__device__ float relu(float x) { return x <= 0.0F ? 0.0F : x; }

// A thread makes 4 elements, as one vector: the pass runs at the speed of memory, and 16 bytes a lane are the widest access there is.
// The thread at the end of a count that 4 does not divide goes one by one.
__global__ void __launch_bounds__(kThreads) relu_forward_kernel(std::int64_t count, const float* src, float* dst) {
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPerThread;
  if (first + kPerThread <= count) {
    const float4 x = *reinterpret_cast<const float4*>(src + first);
    *reinterpret_cast<float4*>(dst + first) = make_float4(relu(x.x), relu(x.y), relu(x.z), relu(x.w));
  } else {
    for (std::int64_t i = first; i < count; ++i) dst[i] = relu(src[i]);
  }
}

}  // namespace

void relu_forward(std::int64_t count, const float* src, float* dst, CudaStream stream) {
  launch(relu_forward_kernel, blocks_for(count, kThreads * kPerThread), kThreads, 0, stream, count, src, dst);
}

}  // namespace alexnet
