// dst[n,oh,ow,oc] = bias[oc] + sum over kh, kw and the channels ic of oc's group of
//   src[n, oh*SH - top + kh, ow*SW - left + kw, ic] * weights[oc,kh,kw,ic], and with relu the maximum of that and 0; a NaN stays.
// src (N,IH,IW,IC), weights (OC,KH,KW,IC/groups), bias (OC), dst (N,OH,OW,OC). Overwrites dst. Section 3.5 of the paper.
//
// For each group a matrix product: M = N*OH*OW pixels, N = OC/groups, K = KH*KW*IC/groups, k = (kh, kw, ic). Rows of A are windows of src,
// read where they lie; rows of B are output channels of the weights.
#include "kernels/common/gemm_tile.cuh"
#include "kernels/common/launch.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/conv2d_operands.cuh"
#include "kernels/conv2d_tiles.cuh"

namespace alexnet {
namespace {

struct ForwardProduct {
  Operand<Pixels, Taps> src;
  Operand<Line<int>, Line<int>> weights;
  Output<Line<std::int64_t>> dst;
  const float* bias;
  bool relu;
  int num_steps;
  unsigned column_tiles;
};

// A block makes kRows pixels x kColumns output channels of a group, a thread 8 x 8 of them. In shared memory: two steps of both operands.
// Blocks that share pixels are neighbours, so that they find src in the L2 cache; the weights fit there as a whole.
template <class Tile, int kWidth>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerMultiprocessor) conv2d_forward_kernel(ForwardProduct p) {
  using LoaderA = Loader<Tile::kRows, Tile::kThreads, kWidth, Contiguous::k, Operand<Pixels, Taps>>;
  using LoaderB = Loader<Tile::kColumns, Tile::kThreads, kWidth, Contiguous::k, Operand<Line<int>, Line<int>>>;
  alignas(16) __shared__ typename LoaderA::Shared tiles_a;
  alignas(16) __shared__ typename LoaderB::Shared tiles_b;
  const int first_row = static_cast<int>(blockIdx.x / p.column_tiles) * Tile::kRows;
  const int first_column = static_cast<int>(blockIdx.x % p.column_tiles) * Tile::kColumns;
  const int group = static_cast<int>(blockIdx.y);

  LoaderA a(p.src, group, first_row, 0);
  LoaderB b(p.weights, group, first_column, 0);
  Accumulators sums;
  multiply_tiles<Tile>(a, b, p.num_steps, tiles_a, tiles_b, sums);

  const ThreadPlace<Tile> place;
  float bias[kThreadTile];
#pragma unroll
  for (int j = 0; j < kThreadTile; ++j) {
    const int column = first_column + place.column(j);
    bias[j] = column < p.dst.columns ? p.bias[group * p.dst.columns + column] : 0.0F;
  }
  store_tile<Tile>(sums, p.dst, group, first_row, first_column, [&](float sum, int j) {
    const float x = sum + bias[j];
    return p.relu && x <= 0.0F ? 0.0F : x;
  });
}

template <class Tile, int kWidth>
void launch_forward(const Conv2dExtents& e, ForwardProduct p, CudaStream stream) {
  p.column_tiles = blocks_for(e.OCG, Tile::kColumns);
  const dim3 grid(blocks_for(e.pixels(), Tile::kRows) * p.column_tiles, static_cast<unsigned>(e.groups));
  launch(conv2d_forward_kernel<Tile, kWidth>, grid, Tile::kThreads, 0, stream, p);
}

}  // namespace

void conv2d_forward(const Conv2dShape& shape, bool relu, const float* src, const float* weights, const float* bias, float* dst,
                    CudaStream stream) {
  const Conv2dExtents e = narrow(shape);
  const ForwardProduct p{.src = {src, e.ICG, e.IH, e.IW, windows(e), window_taps(e)},
                         .weights = {weights, e.OCG * e.taps(), 1, 1, {e.OCG, e.taps()}, {e.taps(), 1}},
                         .dst = {dst, e.OCG, e.OCG, e.OCG % 4 == 0, {e.pixels(), e.OC}},
                         .bias = bias,
                         .relu = relu,
                         .num_steps = ceil_div(e.taps(), kDepth),
                         .column_tiles = 0};
  with_tile(e.pixels(), e.OCG, e.groups, e.ICG % 4 == 0,
            [&](auto tile, auto width) { launch_forward<decltype(tile), width.kWidth>(e, p, stream); });
}

}  // namespace alexnet
