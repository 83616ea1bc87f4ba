// dst = tanh(src) over `count` floats; overwrites dst, which may be src. Section 3.1 of the paper compares it with ReLU.
#include "kernels/common/launch.hpp"
#include "kernels/tanh.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

// A thread makes 4 elements, as one vector. tanhf is the accurate one: the GPU's approximation (tanh.approx) misses the tolerance.
// The thread at the end of a count that 4 does not divide goes one by one.
__global__ void __launch_bounds__(kThreads) tanh_forward_kernel(std::int64_t count, const float* src, float* dst) {
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPerThread;
  if (first + kPerThread <= count) {
    const float4 x = *reinterpret_cast<const float4*>(src + first);
    *reinterpret_cast<float4*>(dst + first) = make_float4(tanhf(x.x), tanhf(x.y), tanhf(x.z), tanhf(x.w));
  } else {
    for (std::int64_t i = first; i < count; ++i) dst[i] = tanhf(src[i]);
  }
}

}  // namespace

void tanh_forward(std::int64_t count, const float* src, float* dst, CudaStream stream) {
  launch(tanh_forward_kernel, blocks_for(count, kThreads * kPerThread), kThreads, 0, stream, count, src, dst);
}

}  // namespace alexnet
