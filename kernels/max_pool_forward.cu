// dst[n,oh,ow,c] = maximum of src[n, oh*SH - top + kh, ow*SW - left + kw, c] over kh < KH, kw < KW, padding left out; winners[n,oh,ow,c] =
// kh*KW + kw of the first maximum in row-major order. src (N,IH,IW,C), dst and winners (N,OH,OW,C), both overwritten. Section 3.4 of the
// paper: overlapping windows. A NaN never wins; the maximum of a window of NaNs or minus infinities is the lowest finite float.
#include <limits>

#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"
#include "kernels/common/windows.cuh"
#include "kernels/max_pool.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

__device__ void store_winners(std::uint8_t* to, const int (&winner)[1]) { *to = static_cast<std::uint8_t>(winner[0]); }
__device__ void store_winners(std::uint8_t* to, const int (&winner)[4]) {  // as one word
  *reinterpret_cast<int*>(to) = winner[0] | winner[1] << 8 | winner[2] << 16 | winner[3] << 24;
}

// A thread makes kWidth channels of one output. Every load is coalesced; pixels that windows share are read once for each window, which
// the L1 cache (neighbours in a row) and the L2 cache (rows) serve. Where a window of the extent kKernel lies inside the picture the
// loops have constant bounds: unrolled, with all loads under way together.
template <int kWidth, int kKernel>
__global__ void __launch_bounds__(kThreads) max_pool_forward_kernel(PoolShape s, const float* src, float* dst, std::uint8_t* winners) {
  Place at;
  if (!find_place<kThreads, kWidth>(s.OH, s.OW, s.C, at)) return;
  const PoolAxes axis = axes(s);
  const int KW = kKernel > 0 ? kKernel : axis.w.kernel;
  const Interval rows = axis.h.places(at.h), columns = axis.w.places(at.w);
  const std::int64_t row_floats = s.IW * s.C;
  const float* window = src + at.n * s.IH * row_floats + axis.h.window_begin(at.h) * row_floats + axis.w.window_begin(at.w) * s.C + at.c;

  Values<kWidth> best = filled<kWidth>(-std::numeric_limits<float>::infinity());
  int winner[kWidth];
  for (int i = 0; i < kWidth; ++i) winner[i] = rows.first * KW + columns.first;  // of a window without a maximum
  const auto search = [&](Interval kh_range, Interval kw_range) {
    for (int kh = kh_range.first; kh < kh_range.end; ++kh) {
      for (int kw = kw_range.first; kw < kw_range.end; ++kw) {
        const Values<kWidth> x = load<kWidth>(window + kh * row_floats + kw * s.C);
        for (int i = 0; i < kWidth; ++i) {
          if (x[i] > best[i]) {
            best[i] = x[i];
            winner[i] = kh * KW + kw;
          }
        }
      }
    }
  };
  if (kKernel > 0 && rows.count() == kKernel && columns.count() == kKernel) {
    search({0, kKernel}, {0, kKernel});
  } else {
    search(rows, columns);
  }
  const std::int64_t to = ((at.n * s.OH + at.h) * s.OW + at.w) * s.C + at.c;
  for (int i = 0; i < kWidth; ++i) best[i] = fmaxf(best[i], std::numeric_limits<float>::lowest());
  store<kWidth>(dst + to, best);
  if (winners != nullptr) store_winners(winners + to, winner);
}

}  // namespace

void max_pool_forward(const PoolShape& s, const float* src, float* dst, std::uint8_t* winners, CudaStream stream) {
  const int width = s.C % 4 == 0 ? 4 : 1;
  const auto kernel = width == 1               ? max_pool_forward_kernel<1, 0>
                      : s.KH == 3 && s.KW == 3 ? max_pool_forward_kernel<4, 3>
                                               : max_pool_forward_kernel<4, 0>;
  const auto blocks = static_cast<unsigned>(s.N * blocks_per_image(kThreads, width, s.OH, s.OW, s.C));
  if (winners != nullptr && !can_keep_winners(s)) {
    check_launch(cudaErrorInvalidValue, reinterpret_cast<const void*>(kernel), blocks, kThreads, 0);
  }
  launch(kernel, blocks, kThreads, 0, stream, s, src, dst, winners);
}

}  // namespace alexnet
