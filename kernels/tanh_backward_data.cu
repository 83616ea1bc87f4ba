// diff_src = diff_dst * (1 - dst^2) over `count` floats; from the output of forward, so that forward may work in place.
// Overwrites diff_src, which may be diff_dst.
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"
#include "kernels/tanh.hpp"

namespace alexnet {
namespace {

__global__ void __launch_bounds__(kPointwiseThreads)
    tanh_backward_data_kernel(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src) {
  pointwise(count, dst, diff_dst, diff_src, [](float y, float dy) { return dy * (1.0F - y * y); });
}

}  // namespace

void tanh_backward_data(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream) {
  launch(tanh_backward_data_kernel, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, dst, diff_dst, diff_src);
}

}  // namespace alexnet
