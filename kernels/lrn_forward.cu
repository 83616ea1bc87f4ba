// dst[c] = src[c] * d[c]^-beta,  d[c] = k + alpha * sum of src[c']^2 over the `size` channels c' around c in its group (section 3.3 of the
// paper), for each pixel of src and dst (N,H,W,C). Overwrites dst. Every value is read from memory once; neighbours see it through
// shared memory. Sums are sums of at most `size` squares, from the lowest channel up: nothing is subtracted.
#include "kernels/common/channel_rows.cuh"
#include "kernels/common/launch.hpp"
#include "kernels/common/negative_power.cuh"
#include "kernels/common/shared.cuh"
#include "kernels/lrn.hpp"

namespace alexnet {
namespace {

struct Formula {
  float k, alpha, beta;
};

// A thread makes 4 channels, a block whole rows. In shared memory: their squares. A row's ends need no gap between rows (a gap would bring
// bank conflicts): who has no neighbour takes zeros.
__global__ void __launch_bounds__(kRowThreads)
    lrn_forward_vectors_kernel(ChannelRows rows, Formula f, int quads_per_block, const float* src, float* dst) {
  __shared__ float4 squares[kRowThreads];
  const int quads_in_row = rows.length / 4, t = static_cast<int>(threadIdx.x);
  const std::int64_t at = 4 * (static_cast<std::int64_t>(blockIdx.x) * quads_per_block + t);
  const bool is_active = t < quads_per_block && at < rows.count;
  float4 x = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
  if (is_active) x = *reinterpret_cast<const float4*>(src + at);
  const float4 square = make_float4(x.x * x.x, x.y * x.y, x.z * x.z, x.w * x.w);
  squares[t] = square;
  __syncthreads();
  if (!is_active) return;
  const Neighbourhood around(squares, square, t % quads_in_row, quads_in_row);
  const auto power = [&](int i) { return negative_power(f.k + f.alpha * around.sum(i, rows.reach), f.beta).power; };
  *reinterpret_cast<float4*>(dst + at) = make_float4(x.x * power(0), x.y * power(1), x.z * power(2), x.w * power(3));
}

// A block makes a tile. In shared memory: src of the tile and of `reach` channels around it, zeros where the row has ended.
__global__ void __launch_bounds__(kRowThreads) lrn_forward_tiles_kernel(ChannelRows rows, Formula f, const float* src, float* dst) {
  const ChannelTile tile(rows, rows.reach);
  float* x = reinterpret_cast<float*>(dynamic_shared) + tile.before + rows.reach;  // x[i]: float i of the tile
  const int t = static_cast<int>(threadIdx.x);
  for (int i = t - tile.before; i < tile.count + tile.after; i += kRowThreads) x[i] = src[tile.first + i];
  tile.zero_ends(rows, x);
  __syncthreads();
  for (int i = t; i < tile.count; i += kRowThreads) {
    const float sum = tile.sum(rows, x, i, [](float value) { return value * value; });
    dst[tile.first + i] = x[i] * negative_power(f.k + f.alpha * sum, f.beta).power;
  }
}

}  // namespace

void lrn_forward(const LrnShape& s, const float* src, float* dst, CudaStream stream) {
  const ChannelRows rows = channel_rows(s);
  const Formula formula{s.k, s.alpha, s.beta};
  if (fits_vectors(rows)) {
    const std::int64_t quads = quads_per_block(rows);
    launch(lrn_forward_vectors_kernel, blocks_for(rows.count / 4, quads), kRowThreads, 0, stream, rows, formula, static_cast<int>(quads),
           src, dst);
  } else {
    const auto shared_bytes = static_cast<std::size_t>(tile_floats(rows, rows.reach)) * sizeof(float);
    launch(lrn_forward_tiles_kernel, static_cast<unsigned>(num_tiles(rows)), kRowThreads, shared_bytes, stream, rows, formula, src, dst);
  }
}

}  // namespace alexnet
