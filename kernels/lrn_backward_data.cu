// diff_src[c] = diff_dst[c] * d[c]^-beta - 2 * alpha * beta * src[c] * sum of carried[c'] over the channels c' that see c,
// carried[c'] = diff_dst[c'] * src[c'] * d[c']^(-beta-1); d as in lrn_forward.cu, made again from src: nothing is kept from forward.
// All tensors (N,H,W,C); overwrites diff_src. src and diff_dst are read from memory once.
#include "kernels/common/channel_rows.cuh"
#include "kernels/common/launch.hpp"
#include "kernels/common/negative_power.cuh"
#include "kernels/common/shared.cuh"
#include "kernels/lrn.hpp"

namespace alexnet {
namespace {

struct Formula {
  float k, alpha, beta, factor;  // factor: 2 * alpha * beta
};

// Threads and blocks as in lrn_forward_vectors_kernel. In shared memory: squares, then what the channels carry to each other. Two arrays,
// so that no barrier is needed between the reads of the first and the writes of the second.
__global__ void __launch_bounds__(kRowThreads) lrn_backward_data_vectors_kernel(ChannelRows rows, Formula f, int quads_per_block,
                                                                                const float* src, const float* diff_dst, float* diff_src) {
  __shared__ float4 squares[kRowThreads], carried[kRowThreads];
  const int quads_in_row = rows.length / 4, t = static_cast<int>(threadIdx.x), column = t % quads_in_row;
  const std::int64_t at = 4 * (static_cast<std::int64_t>(blockIdx.x) * quads_per_block + t);
  const bool is_active = t < quads_per_block && at < rows.count;
  float4 x = make_float4(0.0F, 0.0F, 0.0F, 0.0F), dy = x;
  if (is_active) {
    x = *reinterpret_cast<const float4*>(src + at);
    dy = *reinterpret_cast<const float4*>(diff_dst + at);
  }
  const float4 square = make_float4(x.x * x.x, x.y * x.y, x.z * x.z, x.w * x.w);
  squares[t] = square;
  __syncthreads();
  float4 own = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
  if (is_active) {
    const Neighbourhood around(squares, square, column, quads_in_row);
    const auto powers = [&](int i) { return negative_power(f.k + f.alpha * around.sum(i, rows.reach), f.beta); };
    const Powers a = powers(0), b = powers(1), c = powers(2), d = powers(3);
    own = make_float4(dy.x * x.x * (a.power * a.reciprocal), dy.y * x.y * (b.power * b.reciprocal), dy.z * x.z * (c.power * c.reciprocal),
                      dy.w * x.w * (d.power * d.reciprocal));
    dy = make_float4(dy.x * a.power, dy.y * b.power, dy.z * c.power, dy.w * d.power);
  }
  carried[t] = own;
  __syncthreads();
  if (!is_active) return;
  const Neighbourhood around(carried, own, column, quads_in_row);
  const auto sum = [&](int i) { return f.factor * around.sum(i, rows.reach); };
  *reinterpret_cast<float4*>(diff_src + at) =
      make_float4(dy.x - x.x * sum(0), dy.y - x.y * sum(1), dy.z - x.z * sum(2), dy.w - x.w * sum(3));
}

// A block makes a tile. In shared memory, of the tile and of 2 * reach channels around it, zeros where the row has ended: src; diff_dst,
// then times d^-beta; what the channels carry to each other (of `reach` channels around the tile).
__global__ void __launch_bounds__(kRowThreads)
    lrn_backward_data_tiles_kernel(ChannelRows rows, Formula f, int tile_floats, const float* src, const float* diff_dst, float* diff_src) {
  const ChannelTile tile(rows, 2 * rows.reach);
  float* x = reinterpret_cast<float*>(dynamic_shared) + tile.before + rows.reach;
  float *dy = x + tile_floats, *carried = dy + tile_floats;
  const int t = static_cast<int>(threadIdx.x), known_end = tile.count + tile.after;
  for (int i = t - tile.before; i < known_end; i += kRowThreads) {
    x[i] = src[tile.first + i];
    dy[i] = diff_dst[tile.first + i];
  }
  tile.zero_ends(rows, x);
  __syncthreads();
  for (int i = t - rows.reach; i < tile.count + rows.reach; i += kRowThreads) {
    carried[i] = 0.0F;
    if (i < -tile.before || i >= known_end) continue;
    const float sum = tile.sum(rows, x, i, [](float value) { return value * value; });
    const Powers p = negative_power(f.k + f.alpha * sum, f.beta);
    carried[i] = dy[i] * x[i] * (p.power * p.reciprocal);
    dy[i] *= p.power;
  }
  __syncthreads();
  for (int i = t; i < tile.count; i += kRowThreads) {
    const float sum = tile.sum(rows, carried, i, [](float value) { return value; });
    diff_src[tile.first + i] = dy[i] - x[i] * (f.factor * sum);
  }
}

}  // namespace

void lrn_backward_data(const LrnShape& s, const float* src, const float* diff_dst, float* diff_src, CudaStream stream) {
  const ChannelRows rows = channel_rows(s);
  const Formula formula{s.k, s.alpha, s.beta, 2.0F * s.alpha * s.beta};
  if (fits_vectors(rows)) {
    const std::int64_t quads = quads_per_block(rows);
    launch(lrn_backward_data_vectors_kernel, blocks_for(rows.count / 4, quads), kRowThreads, 0, stream, rows, formula,
           static_cast<int>(quads), src, diff_dst, diff_src);
  } else {
    const std::int64_t floats = tile_floats(rows, 2 * rows.reach);
    launch(lrn_backward_data_tiles_kernel, static_cast<unsigned>(num_tiles(rows)), kRowThreads,
           3 * static_cast<std::size_t>(floats) * sizeof(float), stream, rows, formula, static_cast<int>(floats), src, diff_dst, diff_src);
  }
}

}  // namespace alexnet
