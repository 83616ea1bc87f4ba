// dst[row,c] = dst[row,c] + bias[c], and with relu the maximum of that and 0; dst (rows, channels), bias (channels). In place.
#include "kernels/bias_epilogue.hpp"

#include <algorithm>

#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kRowsPerThread = 8;

// A block takes a tile of up to 256 vectors of channels and some rows. Thread t has column t % columns of its tile, whose bias it reads
// once, and every (256 / columns)-th row: where a tile has all channels, a block reads and writes without a gap.
template <int kWidth>
__global__ void __launch_bounds__(kThreads) bias_epilogue_kernel(std::int64_t rows, std::int64_t channels, int columns, std::int64_t tiles,
                                                                 bool relu, const float* bias, float* dst) {
  const std::int64_t part = blockIdx.x / tiles, tile = blockIdx.x - part * tiles;
  const int t = static_cast<int>(threadIdx.x), row_of_thread = t / columns, rows_at_once = kThreads / columns;
  const std::int64_t channel = (tile * columns + t - row_of_thread * columns) * kWidth;
  if (channel >= channels || row_of_thread >= rows_at_once) return;
  const Values<kWidth> b = load<kWidth>(bias + channel);
  const std::int64_t begin = part * rows_at_once * kRowsPerThread + row_of_thread;
  for (int i = 0; i < kRowsPerThread; ++i) {
    const std::int64_t row = begin + i * rows_at_once;
    if (row >= rows) return;
    Values<kWidth> x = load<kWidth>(dst + row * channels + channel);
    for (int j = 0; j < kWidth; ++j) {
      x[j] += b[j];
      if (relu && x[j] <= 0.0F) x[j] = 0.0F;
    }
    store<kWidth>(dst + row * channels + channel, x);
  }
}

template <int kWidth>
void run(std::int64_t rows, std::int64_t channels, bool relu, const float* bias, float* dst, CudaStream stream) {
  const std::int64_t vectors = channels / kWidth;
  const int columns = static_cast<int>(std::min<std::int64_t>(vectors, kThreads));
  const std::int64_t tiles = (vectors + columns - 1) / columns;
  const unsigned parts = blocks_for(rows, kThreads / columns * kRowsPerThread);
  launch(bias_epilogue_kernel<kWidth>, static_cast<unsigned>(parts * tiles), kThreads, 0, stream, rows, channels, columns, tiles, relu,
         bias, dst);
}

}  // namespace

void bias_epilogue(std::int64_t rows, std::int64_t channels, bool relu, const float* bias, float* dst, CudaStream stream) {
  channels % 4 == 0 ? run<4>(rows, channels, relu, bias, dst, stream) : run<1>(rows, channels, relu, bias, dst, stream);
}

}  // namespace alexnet
