// dst = tanh(src) over `count` floats; overwrites dst, which may be src. Section 3.1 of the paper compares it with ReLU.
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"
#include "kernels/tanh.hpp"

namespace alexnet {
namespace {

// tanhf is the accurate one: the GPU's approximation (tanh.approx) misses the tolerance.
__global__ void __launch_bounds__(kPointwiseThreads) tanh_forward_kernel(std::int64_t count, const float* src, float* dst) {
  pointwise(count, src, dst, [](float x) { return tanhf(x); });
}

}  // namespace

void tanh_forward(std::int64_t count, const float* src, float* dst, CudaStream stream) {
  launch(tanh_forward_kernel, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, src, dst);
}

}  // namespace alexnet
