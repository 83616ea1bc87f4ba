// The matrices of gemm_tile.cuh as rules where their elements lie. An element's address is the sum of what its row adds and what its k
// adds, and so is its position in the picture of which it may be a pixel, where positions outside stand for zeros. Each index has an
// axis that says what it adds: start(index) -> Position, place(Position) -> Place, and for k advance(Position&) by kDepth.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

namespace alexnet {

inline constexpr int kDepth = 8;  // k of one step: 8 floats of a pixel are one sector of memory

// Offset: 32 bits where that suffices, which saves registers.
template <class Offset>
struct Place {
  Offset offset;
  int h, w;
};

// As h: outside of every picture, whatever the other index adds.
inline constexpr int kNowhere = -(1 << 30);

// An index below `count` whose elements lie `stride` apart.
template <class Offset>
struct Line {
  using Position = int;
  int count, stride;

  __device__ __forceinline__ Position start(int index) const { return index; }
  __device__ __forceinline__ void advance(Position& index) const { index += kDepth; }
  __device__ __forceinline__ Place<Offset> place(Position index) const { return {Offset{index} * stride, index < count ? 0 : kNowhere, 0}; }
};

// A matrix to be read. Of each group the same, group_stride floats further. Matrices that are no picture have one of 1 x 1.
template <class Rows_, class Steps_>
struct Operand {
  using RowPlace = decltype(std::declval<const Rows_&>().place({}));
  using Position = typename Steps_::Position;
  const float* data;
  int group_stride, H, W;
  Rows_ rows;
  Steps_ steps;

  template <class RowOffset, class StepOffset>
  __device__ __forceinline__ bool contains(const Place<RowOffset>& row, const Place<StepOffset>& step) const {
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

  __device__ __forceinline__ void store(float* group_data, const Place<std::int64_t>& row, int column, float4 quad) const {
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
