// diff_src[p] = diff_dst[p] * d[p]^-beta - 2 * alpha * beta * src[p] * sum of carried[q] over the pixels q that see p,
// carried[q] = diff_dst[q] * src[q] * d[q]^(-beta-1); d as in spatial_norm_forward.cu, made again from src. All tensors (N,H,W,C);
// overwrites diff_src and scratch, which holds `carried`.
//
// Two kernels, each one walk of square_sums.cuh. In one, as across channels, a block would need the rings of both walks, and src and
// diff_dst for as long, or more than the shared memory of most devices; so `carried` and the first term go through memory.
#include "kernels/common/launch.hpp"
#include "kernels/common/negative_power.cuh"
#include "kernels/common/square_sums.cuh"
#include "kernels/spatial_norm.hpp"

namespace alexnet {
namespace {

// Writes `carried`, and the first term into diff_src.
__global__ void __launch_bounds__(kSquareThreads)
    spatial_norm_backward_data_carried_kernel(SquarePlan plan, float k, float alpha, float beta, const float* src, const float* diff_dst,
                                              float* diff_src, float* carried) {
  for_each_square_sum(
      plan, src, [](float x) { return x * x; },
      [&](std::int64_t at, float x, float sum) {
        const Powers p = negative_power(k + alpha * sum, beta);
        const float dy = diff_dst[at];
        carried[at] = dy * x * (p.power * p.reciprocal);
        diff_src[at] = dy * p.power;
      });
}

// Subtracts the second term.
__global__ void __launch_bounds__(kSquareThreads)
    spatial_norm_backward_data_kernel(SquarePlan plan, float factor, const float* src, const float* carried, float* diff_src) {
  for_each_square_sum(
      plan, carried, [](float x) { return x; }, [&](std::int64_t at, float, float sum) { diff_src[at] -= src[at] * (factor * sum); });
}

}  // namespace

std::size_t spatial_norm_backward_data_scratch_bytes(const SpatialNormShape& s) {
  return static_cast<std::size_t>(s.N * s.H * s.W * s.C) * sizeof(float);
}

void spatial_norm_backward_data(const SpatialNormShape& s, const float* src, const float* diff_dst, float* diff_src, float* scratch,
                                CudaStream stream) {
  const SquarePlan plan = square_plan(s);
  const auto blocks = static_cast<unsigned>(s.N * plan.blocks());
  launch(spatial_norm_backward_data_carried_kernel, blocks, kSquareThreads, plan.shared_bytes(), stream, plan, s.k, s.alpha, s.beta, src,
         diff_dst, diff_src, scratch);
  launch(spatial_norm_backward_data_kernel, blocks, kSquareThreads, plan.shared_bytes(), stream, plan, 2.0F * s.alpha * s.beta, src,
         scratch, diff_src);
}

}  // namespace alexnet
