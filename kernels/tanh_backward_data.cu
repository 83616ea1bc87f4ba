// diff_src = diff_dst * (1 - dst^2) over `count` floats; from the output of forward, so that forward may work in place.
// Overwrites diff_src, which may be diff_dst.
#include "kernels/common/launch.hpp"
#include "kernels/tanh.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

__device__ float gradient(float y, float dy) { return dy * (1.0F - y * y); }

// As tanh_forward_kernel: 4 elements a thread, as vectors.
__global__ void __launch_bounds__(kThreads)
    tanh_backward_data_kernel(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src) {
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPerThread;
  if (first + kPerThread <= count) {
    const float4 y = *reinterpret_cast<const float4*>(dst + first);
    const float4 dy = *reinterpret_cast<const float4*>(diff_dst + first);
    *reinterpret_cast<float4*>(diff_src + first) =
        make_float4(gradient(y.x, dy.x), gradient(y.y, dy.y), gradient(y.z, dy.z), gradient(y.w, dy.w));
  } else {
    for (std::int64_t i = first; i < count; ++i) diff_src[i] = gradient(dst[i], diff_dst[i]);
  }
}

}  // namespace

void tanh_backward_data(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream) {
  launch(tanh_backward_data_kernel, blocks_for(count, kThreads * kPerThread), kThreads, 0, stream, count, dst, diff_dst, diff_src);
}

}  // namespace alexnet
