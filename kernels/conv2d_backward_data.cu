// diff_src[n,ih,iw,ic] = sum over the taps (kh, kw) that reach pixel (ih, iw) from a pixel of dst, and over the channels oc of ic's group,
// of
//   diff_dst[n, (ih + top - kh) / SH, (iw + left - kw) / SW, oc] * weights[oc,kh,kw,ic].
// diff_dst (N,OH,OW,OC), weights (OC,KH,KW,IC/groups), diff_src (N,IH,IW,IC). Overwrites diff_src.
//
// A tap reaches a pixel when the divisions above leave no rest. So pixels fall into SH x SW phases by (ih + top) mod SH, (iw + left) mod
// SW; those of a phase are reached by the same taps, every SH-th and SW-th. Each phase is a launch of its own, in which no k is for
// nothing: for each group a matrix product with M = the phase's pixels, N = IC/groups, k = (tap row, tap column, oc). Seen from the
// phase's pixels, which count rows and columns of their own, diff_dst is read as in a forward pass of stride 1 with the taps reversed.
#include <algorithm>

#include "kernels/common/gemm_tile.cuh"
#include "kernels/common/launch.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/conv2d_operands.cuh"
#include "kernels/conv2d_tiles.cuh"

namespace alexnet {
namespace {

struct BackwardDataProduct {
  Operand<Pixels, Taps> diff_dst;
  Operand<Line<int>, Taps> weights;
  Output<Pixels> diff_src;
  int num_steps;
  unsigned column_tiles;
};

// A block makes kRows pixels x kColumns input channels of a group, a thread 8 x 8 of them; the order of blocks is that of forward. The
// weights of one k lie side by side along the columns, unlike those of diff_dst: they need no transposing. With single floats it takes
// more registers than forward.
template <class Tile, int kWidth>
__global__ void __launch_bounds__(Tile::kThreads, kWidth == 4 ? Tile::kBlocksPerMultiprocessor : 2)
    conv2d_backward_data_kernel(BackwardDataProduct p) {
  using LoaderA = Loader<Tile::kRows, Tile::kThreads, kWidth, Contiguous::k, Operand<Pixels, Taps>>;
  using LoaderB = Loader<Tile::kColumns, Tile::kThreads, kWidth, Contiguous::row, Operand<Line<int>, Taps>>;
  alignas(16) __shared__ typename LoaderA::Shared tiles_a;
  alignas(16) __shared__ typename LoaderB::Shared tiles_b;
  const int first_row = static_cast<int>(blockIdx.x / p.column_tiles) * Tile::kRows;
  const int first_column = static_cast<int>(blockIdx.x % p.column_tiles) * Tile::kColumns;
  const int group = static_cast<int>(blockIdx.y);

  LoaderA a(p.diff_dst, group, first_row, 0);
  LoaderB b(p.weights, group, first_column, 0);
  Accumulators sums;
  multiply_tiles<Tile>(a, b, p.num_steps, tiles_a, tiles_b, sums);
  store_tile<Tile>(sums, p.diff_src, group, first_row, first_column, [](float sum, int) { return sum; });
}

// One direction of a phase. Its pixels are first_pixel, first_pixel + stride, ...; its taps are last_tap, last_tap - stride, ... down to
// the rest. The first of these taps reaches the first pixel from first_dst, each further one from one pixel further.
struct Phase {
  int num_pixels, first_pixel, num_taps, last_tap, first_dst;

  Phase(int rest, int extent, int pad, int kernel_size, int stride) {
    first_pixel = (rest - pad % stride + stride) % stride;
    num_pixels = first_pixel < extent ? ceil_div(extent - first_pixel, stride) : 0;
    num_taps = rest < kernel_size ? ceil_div(kernel_size - rest, stride) : 0;
    last_tap = rest + (num_taps - 1) * stride;
    first_dst = (first_pixel + pad - last_tap) / stride;  // without rest
  }
};

template <class Tile, int kWidth>
void launch_backward_data(const Conv2dExtents& e, int num_pixels, BackwardDataProduct p, CudaStream stream) {
  p.column_tiles = blocks_for(e.ICG, Tile::kColumns);
  const dim3 grid(blocks_for(num_pixels, Tile::kRows) * p.column_tiles, static_cast<unsigned>(e.groups));
  launch(conv2d_backward_data_kernel<Tile, kWidth>, grid, Tile::kThreads, 0, stream, p);
}

}  // namespace

void conv2d_backward_data(const Conv2dShape& shape, const float* diff_dst, const float* weights, float* diff_src, CudaStream stream) {
  const Conv2dExtents e = narrow(shape);
  const int weights_row = e.KW * e.ICG;
  for (int rest_h = 0; rest_h < e.SH; ++rest_h) {
    for (int rest_w = 0; rest_w < e.SW; ++rest_w) {
      const Phase h(rest_h, e.IH, e.top, e.KH, e.SH), w(rest_w, e.IW, e.left, e.KW, e.SW);
      const int num_pixels = e.N * h.num_pixels * w.num_pixels;
      if (num_pixels == 0) continue;
      const Counter pixels(h.num_pixels, w.num_pixels, kDepth), taps(std::max(w.num_taps, 1), e.OCG, kDepth);
      const Pixels in_dst{pixels, e.N, 1, 1, h.first_dst, w.first_dst, std::int64_t{e.OH} * e.OW * e.OC, e.OW * e.OC, e.OC};
      const Pixels in_src{pixels, e.N, e.SH, e.SW, h.first_pixel, w.first_pixel, std::int64_t{e.IH} * e.IW * e.IC, e.IW * e.IC, e.IC};
      const Taps window{taps, h.num_taps, e.OW * e.OC, e.OC, 1};
      const Taps reversed{taps, h.num_taps, -e.SH * weights_row, -e.SW * e.ICG, e.KH * weights_row};
      const float* last_tap = weights + h.last_tap * weights_row + w.last_tap * e.ICG;
      const BackwardDataProduct p{.diff_dst = {diff_dst, e.OCG, e.OH, e.OW, in_dst, window},
                                  .weights = {last_tap, e.OCG * e.taps(), h.num_taps, w.num_taps, {e.ICG, 1}, reversed},
                                  .diff_src = {diff_src, e.ICG, e.ICG, e.ICG % 4 == 0, in_src},
                                  .num_steps = ceil_div(h.num_taps * w.num_taps * e.OCG, kDepth),  // 0: zeros are written
                                  .column_tiles = 0};
      with_tile(num_pixels, e.ICG, e.groups, e.ICG % 4 == 0 && e.OCG % 4 == 0,
                [&](auto tile, auto width) { launch_backward_data<decltype(tile), width.kWidth>(e, num_pixels, p, stream); });
    }
  }
}

}  // namespace alexnet
