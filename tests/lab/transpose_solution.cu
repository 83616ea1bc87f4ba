#include "kernels/common/launch.hpp"

namespace alexnet::lab {
namespace {

constexpr unsigned kTile = 32, kLines = 8;

__global__ void transpose_kernel(unsigned rows, unsigned columns, const float* src, float* dst) {
  __shared__ float tile[kTile][kTile + 1];
  const unsigned first_row = blockIdx.y * kTile, first_column = blockIdx.x * kTile;
  for (unsigned line = threadIdx.y; line < kTile; line += kLines) {
    tile[line][threadIdx.x] = src[(first_row + line) * columns + first_column + threadIdx.x];
  }
  __syncthreads();
  for (unsigned line = threadIdx.y; line < kTile; line += kLines) {
    dst[(first_column + line) * rows + first_row + threadIdx.x] = tile[threadIdx.x][line];
  }
}

}  // namespace

void transpose(unsigned rows, unsigned columns, const float* src, float* dst, CudaStream stream) {
  launch(transpose_kernel, dim3(columns / kTile, rows / kTile), dim3(kTile, kLines), 0, stream, rows, columns, src, dst);
}

}  // namespace alexnet::lab
