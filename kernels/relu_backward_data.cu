// diff_src = diff_dst where dst > 0, else 0, over `count` floats; from the output of forward, so that forward may work in place.
// Overwrites diff_src, which may be diff_dst.
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"
#include "kernels/relu.hpp"

namespace alexnet {
namespace {

__global__ void __launch_bounds__(kPointwiseThreads)
    relu_backward_data_kernel(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src) {
  pointwise(count, dst, diff_dst, diff_src, [](float y, float dy) { return y > 0.0F ? dy : 0.0F; });
}

}  // namespace

void relu_backward_data(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream) {
  launch(relu_backward_data_kernel, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, dst, diff_dst, diff_src);
}

}  // namespace alexnet
