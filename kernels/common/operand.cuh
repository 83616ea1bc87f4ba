// The matrices of gemm_tile.cuh as rules where their elements lie. An element's address is the sum of what its row adds and what its k
// adds, and so is its position in the picture of which it may be a pixel, where positions outside stand for zeros. Each index has an
// axis that says what it adds: start(index) -> Position, place(Position) -> Place, and for k advance(Position&) by kDepth.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace alexnet {

inline constexpr int kDepth = 8;  // k of one step: 8 floats of a pixel are one sector of memory

struct Place {
  std::int64_t offset;
  int h, w;
};

// As h: outside of every picture, whatever the other index adds.
inline constexpr int kNowhere = -(1 << 30);

// An index below `count` whose elements lie `stride` apart.
struct Line {
  using Position = int;
  int count, stride;

  __device__ __forceinline__ Position start(int index) const { return index; }
  __device__ __forceinline__ void advance(Position& index) const { index += kDepth; }
  __device__ __forceinline__ Place place(Position index) const { return {std::int64_t{index} * stride, index < count ? 0 : kNowhere, 0}; }
};

// A matrix to be read. Of each group the same, group_stride floats further. Matrices that are no picture have one of 1 x 1.
template <class Rows_, class Steps_>
struct Operand {
  using Rows = Rows_;
  using Position = typename Steps_::Position;
  const float* data;
  std::int64_t group_stride;
  int H, W;
  Rows_ rows;
  Steps_ steps;

  __device__ __forceinline__ bool contains(const Place& row, const Place& step) const {
    return static_cast<unsigned>(row.h + step.h) < static_cast<unsigned>(H) &&
           static_cast<unsigned>(row.w + step.w) < static_cast<unsigned>(W);
  }
};

// A matrix to be written, with `columns` elements side by side in each row.
template <class Rows>
struct Output {
  float* data;
  std::int64_t group_stride;
  int columns;
  bool in_quads;  // every row begins at 16 bytes, and 4 divides columns
  Rows rows;

  __device__ __forceinline__ void store(float* group_data, const Place& row, int column, float4 quad) const {
    if (row.h < 0 || column >= columns) return;
    float* to = group_data + (row.offset + column);
    if (in_quads) {
      *reinterpret_cast<float4*>(to) = quad;
      return;
    }
    to[0] = quad.x;
    if (column + 1 < columns) to[1] = quad.y;
    if (column + 2 < columns) to[2] = quad.z;
    if (column + 3 < columns) to[3] = quad.w;
  }
};

}  // namespace alexnet
