// dst = max(src, 0) over `count` floats; overwrites dst, which may be src. Section 3.1 of the paper.
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"
#include "kernels/relu.hpp"

namespace alexnet {
namespace {

// A NaN compares as false and stays.
__global__ void __launch_bounds__(kPointwiseThreads) relu_forward_kernel(std::int64_t count, const float* src, float* dst) {
  pointwise(count, src, dst, [](float x) { return x <= 0.0F ? 0.0F : x; });
}

}  // namespace

void relu_forward(std::int64_t count, const float* src, float* dst, CudaStream stream) {
  launch(relu_forward_kernel, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, src, dst);
}

}  // namespace alexnet
