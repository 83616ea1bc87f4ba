// diff_bias[c] = sum over the rows of diff_dst[row,c]; diff_dst (rows, channels), diff_bias (channels), overwritten. Sums in f32 in an
// order that depends on the shape alone: no atomics, the same bits every time.
//
// The same kernel runs twice: first every block sums a slice of the rows into one row of scratch, then the rows of scratch are summed. Few
// rows need no slices and go straight to diff_bias.
#include "kernels/bias_gradient.hpp"

#include <algorithm>

#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"

namespace alexnet {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kRowsPerThread = 16;  // at least, where there are slices
constexpr std::int64_t kMostSlices = 512;    // with one tile: 4 blocks for each of 128 multiprocessors

// How one pass divides a matrix: a block takes a tile of `columns` vectors of channels and a slice of the rows.
struct Division {
  int width;    // channels of a vector: 4, or 1 where 4 does not divide them
  int columns;  // at most kThreads
  std::int64_t tiles, slices;
  std::int64_t rows_at_once() const { return kThreads / columns; }
};

Division divide(std::int64_t rows, std::int64_t channels, std::int64_t most_columns) {
  Division d{};
  d.width = channels % 4 == 0 ? 4 : 1;
  const std::int64_t vectors = channels / d.width;
  d.columns = static_cast<int>(std::min(vectors, most_columns));
  d.tiles = (vectors + d.columns - 1) / d.columns;
  const std::int64_t rows_of_a_block = d.rows_at_once() * kRowsPerThread;
  const std::int64_t wanted = std::min((rows + rows_of_a_block - 1) / rows_of_a_block, kMostSlices / d.tiles);
  d.slices = std::max<std::int64_t>(wanted, 1);
  return d;
}
Division first_pass(std::int64_t rows, std::int64_t channels) { return divide(rows, channels, kThreads); }
// Narrow tiles, so that some blocks share the work and a thread has few rows.
Division second_pass(std::int64_t slices, std::int64_t channels) {
  Division d = divide(slices, channels, channels % 4 == 0 ? 8 : 32);
  d.slices = 1;
  return d;
}

// Thread t takes column t % columns of its tile and every (kThreads / columns)-th row of its slice: where a tile has all channels, a block
// reads without a gap. In shared memory: each thread's sum; then the first of a column adds up the others', in order.
template <int kWidth>
__global__ void __launch_bounds__(kThreads) bias_gradient_kernel(std::int64_t rows, std::int64_t channels, int columns, std::int64_t tiles,
                                                                 std::int64_t slices, const float* diff_dst, float* sums) {
  __shared__ float shared_sums[kWidth][kThreads];
  const std::int64_t slice = blockIdx.x / tiles, tile = blockIdx.x - slice * tiles;
  const int t = static_cast<int>(threadIdx.x), row_of_thread = t / columns, rows_at_once = kThreads / columns;
  const std::int64_t channel = (tile * columns + t - row_of_thread * columns) * kWidth;
  const std::int64_t begin = slice * rows / slices, end = (slice + 1) * rows / slices;

  Values<kWidth> sum = filled<kWidth>(0.0F);
  if (channel < channels && row_of_thread < rows_at_once) {
    for (std::int64_t row = begin + row_of_thread; row < end; row += rows_at_once) {
      const Values<kWidth> x = load<kWidth>(diff_dst + row * channels + channel);
      for (int i = 0; i < kWidth; ++i) sum[i] += x[i];
    }
  }
  for (int i = 0; i < kWidth; ++i) shared_sums[i][t] = sum[i];
  __syncthreads();
  if (row_of_thread != 0 || channel >= channels) return;
  for (int other = t + columns; other < rows_at_once * columns; other += columns) {
    for (int i = 0; i < kWidth; ++i) sum[i] += shared_sums[i][other];
  }
  store<kWidth>(sums + slice * channels + channel, sum);
}

void sum_rows(const Division& d, std::int64_t rows, std::int64_t channels, const float* diff_dst, float* sums, CudaStream stream) {
  launch(d.width == 4 ? bias_gradient_kernel<4> : bias_gradient_kernel<1>, static_cast<unsigned>(d.tiles * d.slices), kThreads, 0, stream,
         rows, channels, d.columns, d.tiles, d.slices, diff_dst, sums);
}

}  // namespace

std::size_t bias_gradient_scratch_bytes(std::int64_t rows, std::int64_t channels) {
  const Division first = first_pass(rows, channels);
  return first.slices == 1 ? 0 : static_cast<std::size_t>(first.slices * channels) * sizeof(float);
}

void bias_gradient(std::int64_t rows, std::int64_t channels, const float* diff_dst, float* diff_bias, float* scratch, CudaStream stream) {
  const Division first = first_pass(rows, channels);
  sum_rows(first, rows, channels, diff_dst, first.slices == 1 ? diff_bias : scratch, stream);
  if (first.slices > 1) sum_rows(second_pass(first.slices, channels), first.slices, channels, scratch, diff_bias, stream);
}

}  // namespace alexnet
