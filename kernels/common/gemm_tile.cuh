// The main loop of a matrix product, C[m][n] = sum over k of A[m][k] * B[n][k], for matrices that exist only as a rule where their
// elements lie (operand.cuh): a convolution is such a product without its im2col matrix ever being written.
//
// A block makes a tile of C, Tile::kRows x Tile::kColumns, in steps of kDepth along k. Each step goes global memory -> registers
// (Loader::fetch) -> shared memory (Loader::store) -> registers -> multiply-adds. Shared memory holds two steps, so that the next one is
// on its way while this one is multiplied, and one barrier a step is enough. Tiles lie in shared memory as [k][row]: for one k, a thread
// reads its 8 rows of A and 8 of B as four float4 and does 64 multiply-adds with them.
//
// Another main loop (tensor cores, cp.async) replaces multiply_tiles() and keeps the operands and the epilogues.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "kernels/common/operand.cuh"

namespace alexnet {

inline constexpr int kThreadTile = 8;  // rows and columns of C a thread makes, as 2 x 2 squares of 4 x 4

template <int kRows_, int kColumns_>
struct Tile {
  static constexpr int kRows = kRows_, kColumns = kColumns_;
  static constexpr int kThreads = kRows * kColumns / (kThreadTile * kThreadTile);
  // So that the registers suffice: 128 a thread in the largest tile, 168 and 255 in the others (docs/kernels.md).
  static constexpr int kBlocksPerMultiprocessor = kThreads == 256 ? 2 : kThreads == 128 ? 3 : 4;
};

// Which of an operand's indices has its neighbours side by side in memory.
enum class Contiguous { k, row };

// One step's kRows x kDepth elements of an operand, by all threads of the block. A thread loads kWidth neighbours at once (4: a float4,
// 1: where channels are no multiple of 4), for one k or four and kPasses different rows: so the part of the address that depends on the
// row is computed once, before the loop, and the one that depends on k once a step for all passes.
template <int kRows, int kThreads, int kWidth, Contiguous kContiguous, class Operand>
class Loader {
  static constexpr bool kTransposes = kContiguous == Contiguous::k;
  // Threads that lie side by side along the contiguous index; of k they take all.
  static constexpr int kLanes = kTransposes ? kDepth / kWidth : kThreads / kDepth;
  static constexpr int kRowsAtOnce = kTransposes ? kThreads / kLanes : kLanes * kWidth;
  static constexpr int kPasses = kRows / kRowsAtOnce;
  static_assert(kRows % kRowsAtOnce == 0 && (kWidth == 1 || kWidth == 4));

 public:
  // Floats from one k of the tile to the next. The gap puts what a warp stores at once into different banks: 4 transposed k are
  // 16 banks on, a k of single floats as many banks as lanes have one k.
  static constexpr int kLeading = kRows + (kTransposes ? 4 : kLanes % 32);
  using Shared = float[2][kDepth][kLeading];  // to be aligned to 16 bytes

  __device__ __forceinline__ Loader(const Operand& operand, int group, int first_row, int first_k) : operand_(operand) {
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kLanes, line = thread / kLanes;
    k_ = kTransposes ? lane * kWidth : line;
    row_ = kTransposes ? line : lane * kWidth;
    position_ = operand.steps.start(first_k + k_);
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      rows_[pass] = operand.rows.place(operand.rows.start(first_row + row_ + pass * kRowsAtOnce));
      rows_[pass].offset += group * operand.group_stride;
    }
  }

  // The next step's elements; zeros beyond the matrix and in the padding.
  __device__ __forceinline__ void fetch() {
    const auto step = operand_.steps.place(position_);
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const bool inside = operand_.contains(rows_[pass], step);
      const float* from = operand_.data + (rows_[pass].offset + step.offset);
      if constexpr (kWidth == 4) {
        values_[pass] = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
        if (inside) values_[pass] = *reinterpret_cast<const float4*>(from);
      } else {
        values_[pass] = 0.0F;
        if (inside) values_[pass] = *from;
      }
    }
    operand_.steps.advance(position_);
  }

  __device__ __forceinline__ void store(float (&tile)[kDepth][kLeading]) const {
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const int row = row_ + pass * kRowsAtOnce;
      if constexpr (kWidth == 1) {
        tile[k_][row] = values_[pass];
      } else if constexpr (kTransposes) {
        tile[k_][row] = values_[pass].x;
        tile[k_ + 1][row] = values_[pass].y;
        tile[k_ + 2][row] = values_[pass].z;
        tile[k_ + 3][row] = values_[pass].w;
      } else {
        *reinterpret_cast<float4*>(&tile[k_][row]) = values_[pass];
      }
    }
  }

 private:
  const Operand& operand_;
  int k_, row_;  // of the tile, the first that this thread loads
  typename Operand::Position position_;
  typename Operand::RowPlace rows_[kPasses];
  std::conditional_t<kWidth == 4, float4, float> values_[kPasses];
};

// Which 8 x 8 elements of the tile a thread makes: a quad of rows and the one half a tile further, columns alike. A warp covers 4 x 8 of
// the 4 x 4 squares: its lanes read 4 different quads of A and 8 of B, side by side, so no bank is asked for two words.
template <class Tile>
struct ThreadPlace {
  int row_quad, column_quad;
  __device__ __forceinline__ ThreadPlace() {
    constexpr int kWarpsAlongColumns = Tile::kColumns / 64;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    row_quad = warp / kWarpsAlongColumns * 4 + lane / 8;
    column_quad = warp % kWarpsAlongColumns * 8 + lane % 8;
  }
  __device__ __forceinline__ int row(int i) const { return 4 * row_quad + i / 4 * (Tile::kRows / 2) + i % 4; }
  __device__ __forceinline__ int column(int j) const { return 4 * column_quad + j / 4 * (Tile::kColumns / 2) + j % 4; }
};

using Accumulators = float[kThreadTile][kThreadTile];

__device__ __forceinline__ const float4& quad(const float& first) { return reinterpret_cast<const float4&>(first); }

template <class Tile, int kLeadingA, int kLeadingB>
__device__ __forceinline__ void multiply_step(const float (&tile_a)[kDepth][kLeadingA], const float (&tile_b)[kDepth][kLeadingB],
                                              ThreadPlace<Tile> place, Accumulators& sums) {
#pragma unroll
  for (int k = 0; k < kDepth; ++k) {
    const float4 a0 = quad(tile_a[k][place.row(0)]);
    const float4 a1 = quad(tile_a[k][place.row(4)]);
    const float4 b0 = quad(tile_b[k][place.column(0)]);
    const float4 b1 = quad(tile_b[k][place.column(4)]);
    const float a[kThreadTile] = {a0.x, a0.y, a0.z, a0.w, a1.x, a1.y, a1.z, a1.w};
    const float b[kThreadTile] = {b0.x, b0.y, b0.z, b0.w, b1.x, b1.y, b1.z, b1.w};
#pragma unroll
    for (int i = 0; i < kThreadTile; ++i) {
#pragma unroll
      for (int j = 0; j < kThreadTile; ++j) sums[i][j] += a[i] * b[j];
    }
  }
}

// sums = the product of `num_steps` steps of a and b.
template <class Tile, class LoaderA, class LoaderB>
__device__ __forceinline__ void multiply_tiles(LoaderA& a, LoaderB& b, int num_steps, typename LoaderA::Shared& tiles_a,
                                               typename LoaderB::Shared& tiles_b, Accumulators& sums) {
  const ThreadPlace<Tile> place;
#pragma unroll
  for (int i = 0; i < kThreadTile; ++i) {
#pragma unroll
    for (int j = 0; j < kThreadTile; ++j) sums[i][j] = 0.0F;
  }
  a.fetch();
  b.fetch();
  a.store(tiles_a[0]);
  b.store(tiles_b[0]);
  __syncthreads();
  for (int step = 0; step < num_steps; ++step) {
    const bool more = step + 1 < num_steps;
    if (more) {
      a.fetch();
      b.fetch();
    }
    multiply_step<Tile>(tiles_a[step % 2], tiles_b[step % 2], place, sums);
    if (!more) break;
    a.store(tiles_a[(step + 1) % 2]);  // read last in the step before this one: the barrier since then frees it
    b.store(tiles_b[(step + 1) % 2]);
    __syncthreads();
  }
}

// Writes the tile: finish(sum, j) is the value that is written, j the sum's column among the thread's 8 (ThreadPlace::column).
template <class Tile, class Output, class Finish>
__device__ __forceinline__ void store_tile(const Accumulators& sums, const Output& output, int group, int first_row, int first_column,
                                           Finish finish) {
  float* data = output.data + group * output.group_stride;
  const ThreadPlace<Tile> place;
#pragma unroll
  for (int i = 0; i < kThreadTile; ++i) {
    const Place<std::int64_t> row = output.rows.place(output.rows.start(first_row + place.row(i)));
#pragma unroll
    for (int j = 0; j < kThreadTile; j += 4) {
      const float4 quad =
          make_float4(finish(sums[i][j], j), finish(sums[i][j + 1], j + 1), finish(sums[i][j + 2], j + 2), finish(sums[i][j + 3], j + 3));
      output.store(data, row, first_column + place.column(j), quad);
    }
  }
}

}  // namespace alexnet
