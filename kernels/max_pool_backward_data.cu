// diff_src[n,ih,iw,c] = sum of diff_dst[n,oh,ow,c] over the outputs that (ih, iw) won: those whose window holds it and whose
// winners[n,oh,ow,c] is its place there. diff_src (N,IH,IW,C), overwritten; diff_dst and winners (N,OH,OW,C).
#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"
#include "kernels/common/windows.cuh"
#include "kernels/max_pool.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

// The winners of kWidth channels, one a byte, the first in the lowest.
template <int kWidth>
__device__ unsigned load_winners(const std::uint8_t* from) {
  if constexpr (kWidth == 1) {
    return *from;
  } else {
    return *reinterpret_cast<const unsigned*>(from);
  }
}

// A thread makes kWidth channels of one input pixel from the windows that hold it (at most 4 where 3x3 windows overlap by a pixel), in
// row-major order: nobody else writes there, so there are neither atomics nor a pass that clears diff_src, and the sum's order is fixed.
// diff_dst is read whether the pixel won or not: both loads are then under way together.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    max_pool_backward_data_kernel(PoolShape s, const float* diff_dst, const std::uint8_t* winners, float* diff_src) {
  Place at;
  if (!find_place<kThreads, kWidth>(s.IH, s.IW, s.C, at)) return;
  const PoolAxes axis = axes(s);
  const Interval rows = axis.h.windows_with(at.h), columns = axis.w.windows_with(at.w);
  Values<kWidth> sum = filled<kWidth>(0.0F);
  for (int oh = rows.first; oh < rows.end; ++oh) {
    for (int ow = columns.first; ow < columns.end; ++ow) {
      const std::int64_t from = ((at.n * s.OH + oh) * s.OW + ow) * s.C + at.c;
      const auto place = static_cast<unsigned>((at.h - axis.h.window_begin(oh)) * axis.w.kernel + at.w - axis.w.window_begin(ow));
      const Values<kWidth> gradient = load<kWidth>(diff_dst + from);
      const unsigned winner = load_winners<kWidth>(winners + from);
      for (int i = 0; i < kWidth; ++i) sum[i] += (winner >> (8 * i) & 255U) == place ? gradient[i] : 0.0F;
    }
  }
  store<kWidth>(diff_src + ((at.n * s.IH + at.h) * s.IW + at.w) * s.C + at.c, sum);
}

}  // namespace

void max_pool_backward_data(const PoolShape& s, const float* diff_dst, const std::uint8_t* winners, float* diff_src, CudaStream stream) {
  const int width = s.C % 4 == 0 ? 4 : 1;
  const auto blocks = static_cast<unsigned>(s.N * blocks_per_image(kThreads, width, s.IH, s.IW, s.C));
  launch(width == 4 ? max_pool_backward_data_kernel<4> : max_pool_backward_data_kernel<1>, blocks, kThreads, 0, stream, s, diff_dst,
         winners, diff_src);
}

}  // namespace alexnet
