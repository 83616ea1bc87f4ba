// Dropout when evaluating: dst = src * (1 - rate), with DropoutScale::train dst = src. src and dst (N, units), dst overwritten, may be src.
#include "kernels/common/launch.hpp"
#include "kernels/dropout.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

// 4 elements a thread, as vectors; the thread at the end of a count that 4 does not divide goes one by one.
__global__ void __launch_bounds__(kThreads)
    dropout_forward_test_kernel(DropoutShape s, const StepParameters* step, const float* src, float* dst) {
  const float factor = s.scale == DropoutScale::test ? 1.0F - step->dropout_rate[static_cast<std::size_t>(s.slot)] : 1.0F;
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPerThread, count = s.N * s.units;
  if (first + kPerThread <= count) {
    const float4 x = *reinterpret_cast<const float4*>(src + first);
    *reinterpret_cast<float4*>(dst + first) = make_float4(x.x * factor, x.y * factor, x.z * factor, x.w * factor);
  } else {
    for (std::int64_t i = first; i < count; ++i) dst[i] = src[i] * factor;
  }
}

}  // namespace

void dropout_forward_test(const DropoutShape& s, const StepParameters* step, const float* src, float* dst, CudaStream stream) {
  if (s.scale == DropoutScale::train && src == dst) return;
  launch(dropout_forward_test_kernel, blocks_for(s.N * s.units, kThreads * kPerThread), kThreads, 0, stream, s, step, src, dst);
}

}  // namespace alexnet
