// dst[h,w] = src[h,w] * d[h,w]^-beta,  d[h,w] = k + alpha * sum of src^2 over the size x size pixels around (h, w), clipped at the
// picture's edges, channel by channel. src and dst (N,H,W,C); overwrites dst.
#include "kernels/common/launch.hpp"
#include "kernels/common/negative_power.cuh"
#include "kernels/common/square_sums.cuh"
#include "kernels/spatial_norm.hpp"

namespace alexnet {
namespace {

// The walk of square_sums.cuh. Where a block's band is as wide as the picture, every value is read from memory once.
__global__ void __launch_bounds__(kSquareThreads)
    spatial_norm_forward_kernel(SquarePlan plan, float k, float alpha, float beta, const float* src, float* dst) {
  for_each_square_sum(
      plan, src, [](float x) { return x * x; },
      [&](std::int64_t at, float x, float sum) { dst[at] = x * negative_power(k + alpha * sum, beta).power; });
}

}  // namespace

void spatial_norm_forward(const SpatialNormShape& s, const float* src, float* dst, CudaStream stream) {
  const SquarePlan plan = square_plan(s);
  launch(spatial_norm_forward_kernel, static_cast<unsigned>(s.N * plan.blocks()), kSquareThreads, plan.shared_bytes(), stream, plan, s.k,
         s.alpha, s.beta, src, dst);
}

}  // namespace alexnet
