// Dropout when evaluating: dst = src * (1 - rate), with DropoutScale::train dst = src. src and dst (N, units), dst overwritten, may be src.
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"
#include "kernels/dropout.hpp"

namespace alexnet {
namespace {

__global__ void __launch_bounds__(kPointwiseThreads)
    dropout_forward_test_kernel(DropoutShape s, const StepParameters* step, const float* src, float* dst) {
  const float factor = s.scale == DropoutScale::test ? 1.0F - step->dropout_rate[static_cast<std::size_t>(s.slot)] : 1.0F;
  pointwise(s.N * s.units, src, dst, [factor](float x) { return x * factor; });
}

}  // namespace

void dropout_forward_test(const DropoutShape& s, const StepParameters* step, const float* src, float* dst, CudaStream stream) {
  if (s.scale == DropoutScale::train && src == dst) return;
  launch(dropout_forward_test_kernel, blocks_for(s.N * s.units, kPointwisePerBlock), kPointwiseThreads, 0, stream, s, step, src, dst);
}

}  // namespace alexnet
