// diff_weights[oc,kh,kw,ic] = sum over n, oh, ow of diff_dst[n,oh,ow,oc] * src[n, oh*SH - top + kh, ow*SW - left + kw, ic], ic among the
// channels of oc's group. src (N,IH,IW,IC), diff_dst (N,OH,OW,OC), diff_weights (OC,KH,KW,IC/groups). Overwrites diff_weights.
//
// For each group a matrix product: M = OC/groups, N = KH*KW*IC/groups, and k = (n, oh, ow), all pixels. Few tiles with a long sum each:
// so the pixels are split into slices, whose number depends on the shape alone. Each slice's sums go to scratch, and a second kernel adds
// them in the order of the slices: no atomics, the same bits every time.
#include <algorithm>

#include "kernels/common/gemm_tile.cuh"
#include "kernels/common/launch.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/conv2d_operands.cuh"
#include "kernels/conv2d_tiles.cuh"

namespace alexnet {
namespace {

struct BackwardWeightsProduct {
  Operand<Line<int>, Line<std::int64_t>> diff_dst;
  Operand<Taps, Pixels> src;
  Output<Line<std::int64_t>> sums;  // of slice 0
  std::int64_t slice_stride;
  int num_steps, steps_per_slice;
  unsigned column_tiles;
};

// A block makes kRows output channels x kColumns taps of a group for one slice, a thread 8 x 8 of them. Both operands lie side by side
// along the channels, as shared memory wants them; where src has channels that 4 does not divide, as pictures have, diff_dst can be read
// as float4 all the same. Blocks of one slice are neighbours: they share its pixels in the L2 cache.
template <class Tile, int kDstWidth, int kSrcWidth>
__global__ void __launch_bounds__(Tile::kThreads, kDstWidth == 4 ? Tile::kBlocksPerMultiprocessor : 2)
    conv2d_backward_weights_kernel(BackwardWeightsProduct p) {
  using LoaderA = Loader<Tile::kRows, Tile::kThreads, kDstWidth, Contiguous::row, Operand<Line<int>, Line<std::int64_t>>>;
  using LoaderB = Loader<Tile::kColumns, Tile::kThreads, kSrcWidth, Contiguous::row, Operand<Taps, Pixels>>;
  alignas(16) __shared__ typename LoaderA::Shared tiles_a;
  alignas(16) __shared__ typename LoaderB::Shared tiles_b;
  const int first_row = static_cast<int>(blockIdx.x / p.column_tiles) * Tile::kRows;
  const int first_column = static_cast<int>(blockIdx.x % p.column_tiles) * Tile::kColumns;
  const int slice = static_cast<int>(blockIdx.z), first_step = slice * p.steps_per_slice;
  const int group = static_cast<int>(blockIdx.y);

  LoaderA a(p.diff_dst, group, first_row, first_step * kDepth);
  LoaderB b(p.src, group, first_column, first_step * kDepth);
  Accumulators sums;
  multiply_tiles<Tile>(a, b, min(p.steps_per_slice, p.num_steps - first_step), tiles_a, tiles_b, sums);
  p.sums.data += slice * p.slice_stride;
  store_tile<Tile>(sums, p.sums, group, first_row, first_column, [](float sum, int) { return sum; });
}

constexpr int kReduceThreads = 256;

// A thread makes one weight's gradient: lanes read side by side.
__global__ void __launch_bounds__(kReduceThreads)
    conv2d_backward_weights_reduce_kernel(int num_weights, int taps, int num_slices, std::int64_t slice_stride, int row_stride,
                                          const float* partial_sums, float* diff_weights) {
  const int i = static_cast<int>(blockIdx.x) * kReduceThreads + static_cast<int>(threadIdx.x);
  if (i >= num_weights) return;
  const float* from = partial_sums + static_cast<std::int64_t>(i / taps) * row_stride + i % taps;
  float sum = 0.0F;
  for (int slice = 0; slice < num_slices; ++slice) sum += from[slice * slice_stride];
  diff_weights[i] = sum;
}

constexpr int kLeastPixels = 64;  // of a slice: fewer multiply-adds are not worth a partial sum's way to memory and back
constexpr int kWaves = 2;         // blocks that follow one another on a multiprocessor, so that not all end at once

struct Slices {
  int count, steps;     // steps of kDepth pixels a slice
  int row_stride;       // of the partial sums: whole sectors
  std::int64_t stride;  // from slice to slice

  std::size_t scratch_bytes() const { return count == 1 ? 0 : static_cast<std::size_t>(count * stride) * sizeof(float); }
};

template <class Tile>
Slices make_slices(const Conv2dExtents& e) {
  const int steps = ceil_div(e.pixels(), kDepth);
  const std::int64_t tiles = std::int64_t{ceil_div(e.OCG, Tile::kRows)} * ceil_div(e.taps(), Tile::kColumns) * e.groups;
  const std::int64_t wanted = kWaves * Tile::kBlocksPerMultiprocessor * kMultiprocessors / tiles;
  const int most = std::max(1, e.pixels() / kLeastPixels);
  const int steps_per_slice = ceil_div(steps, static_cast<int>(std::clamp<std::int64_t>(wanted, 1, most)));
  const int row_stride = ceil_div(e.taps(), 8) * 8;
  return {ceil_div(steps, steps_per_slice), steps_per_slice, row_stride, std::int64_t{e.OC} * row_stride};
}

// Calls f(Tile, Width) for the tile of the shape: slices are products of their own.
template <class F>
void with_backward_weights_tile(const Conv2dExtents& e, F f) {
  const int products = e.groups * ceil_div(e.pixels(), kLeastPixels);
  with_tile(e.OCG, e.taps(), products, e.ICG % 4 == 0 && e.OCG % 4 == 0, f);
}

template <class Tile, int kDstWidth, int kSrcWidth>
void launch_backward_weights(const Conv2dExtents& e, BackwardWeightsProduct p, float* diff_weights, float* scratch, CudaStream stream) {
  const Slices slices = make_slices<Tile>(e);
  if (slices.count == 1) {
    p.sums = {diff_weights, std::int64_t{e.OCG} * e.taps(), e.taps(), e.taps() % 4 == 0, {e.OCG, e.taps()}};
  } else {
    p.sums = {scratch, std::int64_t{e.OCG} * slices.row_stride, slices.row_stride, true, {e.OCG, slices.row_stride}};
  }
  p.slice_stride = slices.stride;
  p.steps_per_slice = slices.steps;
  p.column_tiles = blocks_for(e.taps(), Tile::kColumns);
  const dim3 grid(blocks_for(e.OCG, Tile::kRows) * p.column_tiles, static_cast<unsigned>(e.groups), static_cast<unsigned>(slices.count));
  launch(conv2d_backward_weights_kernel<Tile, kDstWidth, kSrcWidth>, grid, Tile::kThreads, 0, stream, p);
  if (slices.count == 1) return;
  launch(conv2d_backward_weights_reduce_kernel, blocks_for(e.OC * e.taps(), kReduceThreads), kReduceThreads, 0, stream, e.OC * e.taps(),
         e.taps(), slices.count, slices.stride, slices.row_stride, scratch, diff_weights);
}

}  // namespace

std::size_t conv2d_backward_weights_scratch_bytes(const Conv2dShape& shape) {
  const Conv2dExtents e = narrow(shape);
  std::size_t bytes = 0;
  with_backward_weights_tile(e, [&](auto tile, auto) { bytes = make_slices<decltype(tile)>(e).scratch_bytes(); });
  return bytes;
}

void conv2d_backward_weights(const Conv2dShape& shape, const float* src, const float* diff_dst, float* diff_weights, float* scratch,
                             CudaStream stream) {
  const Conv2dExtents e = narrow(shape);
  const BackwardWeightsProduct p{.diff_dst = {diff_dst, e.OCG, 1, 1, {e.OCG, 1}, {e.pixels(), e.OC}},
                                 .src = {src, e.ICG, e.IH, e.IW, window_taps(e), windows(e)},
                                 .sums = {},
                                 .slice_stride = 0,
                                 .num_steps = ceil_div(e.pixels(), kDepth),
                                 .steps_per_slice = 0,
                                 .column_tiles = 0};
  with_backward_weights_tile(e, [&](auto tile, auto width) {
    const auto run = e.OCG % 4 == 0 ? launch_backward_weights<decltype(tile), 4, width.kWidth>
                                    : launch_backward_weights<decltype(tile), width.kWidth, width.kWidth>;
    run(e, p, diff_weights, scratch, stream);
  });
}

}  // namespace alexnet
