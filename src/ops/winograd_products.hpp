// The matrix products of Winograd's convolution, in registers: 8 rows times two or three vectors of columns. Each sum runs over its
// values in order, whatever the blocks are, so that the result does not depend on them.
#pragma once

#include <vector>

#include "ops/winograd.hpp"

namespace alexnet::winograd {

inline constexpr std::int64_t kRows = 8;

// Columns from `first` on, `vectors` vectors of them.
struct Block {
  std::int64_t first, vectors;
};

// Blocks of three vectors, and of two where three would leave one over. Takes two vectors at least.
inline std::vector<Block> blocks_of(std::int64_t columns) {
  std::vector<Block> blocks;
  for (std::int64_t first = 0; first < columns;) {
    const std::int64_t left = (columns - first) / kLanes;
    blocks.push_back({first, left == 2 || left == 4 ? 2 : 3});
    first += blocks.back().vectors * kLanes;
  }
  return blocks;
}

// Transformed tiles: in each plane a row of `channels` values for every tile. A line lies between planes, lest all of them fall into the
// same few sets of a cache.
struct Planes {
  std::int64_t num_planes, tiles, channels;
  std::int64_t plane() const { return tiles * channels + kLanes; }
  std::int64_t floats() const { return num_planes * plane(); }
};

// product[rows, V vectors] = left[rows, depth] right[depth, V vectors], or +=; `rows` is a multiple of kRows.
template <int V>
[[gnu::always_inline]] inline void multiply_block(const float* left, std::int64_t rows, std::int64_t depth, const float* right,
                                                  float* product, bool adds) {
  for (std::int64_t row = 0; row < rows; row += kRows, left += kRows * depth, product += kRows * V * kLanes) {
    Vector sums[kRows][V] = {};
    Vector* const out = reinterpret_cast<Vector*>(product);
    if (adds) {
#pragma GCC unroll 8
      for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) sums[r][v] = out[r * V + v];
      }
    }
    const float* x = left;
    const float* w = right;
    for (std::int64_t k = 0; k < depth; ++k, ++x, w += V * kLanes) {
#pragma GCC unroll 8
      for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) sums[r][v] += x[r * depth] * *reinterpret_cast<const Vector*>(w + v * kLanes);
      }
    }
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < V; ++v) out[r * V + v] = sums[r][v];
    }
  }
}

// sum[kRows, V vectors] += the transposed left[depth, kRows] times right[depth, V vectors]; steps from row to row in floats.
template <int V>
[[gnu::always_inline]] inline void add_transposed_block(const float* left, std::int64_t left_step, const float* right,
                                                        std::int64_t right_step, std::int64_t depth, float* sum, std::int64_t sum_step) {
  Vector sums[kRows][V] = {};
  for (std::int64_t k = 0; k < depth; ++k, left += left_step, right += right_step) {
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < V; ++v) sums[r][v] += left[r] * *reinterpret_cast<const Vector*>(right + v * kLanes);
    }
  }
#pragma GCC unroll 8
  for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < V; ++v) *reinterpret_cast<Vector*>(sum + r * sum_step + v * kLanes) += sums[r][v];
  }
}

ALEXNET_SIMD inline void multiply(const float* left, std::int64_t rows, std::int64_t depth, const float* right, std::int64_t vectors,
                                  float* product, bool adds) {
  if (vectors == 2) return multiply_block<2>(left, rows, depth, right, product, adds);
  multiply_block<3>(left, rows, depth, right, product, adds);
}

ALEXNET_SIMD inline void add_transposed(const float* left, std::int64_t left_step, const float* right, std::int64_t right_step,
                                        std::int64_t depth, std::int64_t vectors, float* sum, std::int64_t sum_step) {
  if (vectors == 2) return add_transposed_block<2>(left, left_step, right, right_step, depth, sum, sum_step);
  add_transposed_block<3>(left, left_step, right, right_step, depth, sum, sum_step);
}

}  // namespace alexnet::winograd
