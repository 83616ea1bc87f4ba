// Exercise 3: dst[c][r] = src[r][c], for matrices whose sides are multiples of 32.
//
// Right as it stands, but the lanes of a warp write 32 different sectors of memory where 4 would do. Let a block of 32 x 8 threads take a
// tile of 32 x 32 through shared memory, so that both reads and writes run along rows. Then look at the banks: lanes that read down a
// column of a [32][32] array all ask the same one. One float more a row helps.
#include "kernels/common/launch.hpp"

namespace alexnet::lab {
namespace {

constexpr unsigned kTile = 32, kLines = 8;

__global__ void transpose_kernel(unsigned rows, unsigned columns, const float* src, float* dst) {
  const unsigned first_row = blockIdx.y * kTile, column = blockIdx.x * kTile + threadIdx.x;
  for (unsigned line = threadIdx.y; line < kTile; line += kLines) {
    const unsigned row = first_row + line;
    dst[column * rows + row] = src[row * columns + column];
  }
}

}  // namespace

void transpose(unsigned rows, unsigned columns, const float* src, float* dst, CudaStream stream) {
  launch(transpose_kernel, dim3(columns / kTile, rows / kTile), dim3(kTile, kLines), 0, stream, rows, columns, src, dst);
}

}  // namespace alexnet::lab
