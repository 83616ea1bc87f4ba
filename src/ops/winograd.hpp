// Winograd's minimal filtering in two dimensions: matrices and transforms. Source: A. Lavin, S. Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015, after S. Winograd, "Arithmetic Complexity of Computations", 1980. A tile y of outputs is
//
//   y = A^T [ (G g G^T) * (B^T d B) ] A        d: a tile of src, g: the window's weights, *: value by value
//
// Summed over the channels the products of values are products of matrices, one for each place in G g G^T. The gradient to the weights
// takes the same matrices, transposed:
//
//   diff_g = G^T [ sum over tiles of (B^T d B) * (A diff_y A^T) ] G
//
// Where two rows of B^T would be equal, or two of A, they are one: kProducts says which row of each goes with a row of G. All factors
// are 0, +-1 and powers of 1/2, so that sums of small integers stay exact in f32.
//
// Layout: vectors run over the channels. A tile's pixels are given by pointers; what becomes of it lies in planes, one for each place in
// the transformed tile, `plane` floats apart.
#pragma once

#include <cstdint>

#include "alexnet/core/simd.hpp"

namespace alexnet::winograd {

using Vector [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;
inline constexpr std::int64_t kLanes = 16;

template <int Rows, int Columns>
struct Matrix {
  float at[Rows][Columns];
  static constexpr int kRows = Rows, kColumns = Columns;
  constexpr Matrix<Columns, Rows> transposed() const {
    Matrix<Columns, Rows> result{};
    for (int r = 0; r < Rows; ++r) {
      for (int c = 0; c < Columns; ++c) result.at[c][r] = at[r][c];
    }
    return result;
  }
};

// The row of B^T and of A whose values a row of G is multiplied with, and adds to. Rows of G with the same row of A stand together.
struct Product {
  int src, dst;
};

// F(2x2, 3x3): the points 0, 1, -1 and infinity; 16 products for 4 outputs in place of 36.
struct Window3 {
  static constexpr int kTaps = 3, kOutputs = 2;
  static constexpr Matrix<4, 4> kBT{{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}};
  static constexpr Matrix<4, 3> kG{{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}}};
  static constexpr Matrix<4, 2> kA{{{1, 0}, {1, 1}, {1, -1}, {0, -1}}};
  static constexpr Product kProducts[] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
  static constexpr int kPointOne = 1;  // the row of A that adds up a tile
  static constexpr auto kAT = kA.transposed();
  static constexpr auto kGT = kG.transposed();
};

// F(4x4, 5x5): 121 products for 16 outputs in place of 400. Eight points would do with 8 x 8 products, but those after 0, 1, -1 and
// infinity bring in factors like 1/3. Here the product of polynomials is taken modulo x - 1, x + 1, x^2 + 1, x^2 and twice at infinity;
// each of the last three costs three products.
struct Window5 {
  static constexpr int kTaps = 5, kOutputs = 4;
  static constexpr Matrix<9, 8> kBT{{{1, 0, 0, 0, -1, 0, 0, 0},
                                     {0, 1, 0, 0, 0, -1, 0, 0},
                                     {0, 0, 1, 1, 1, 1, 0, 0},
                                     {0, 0, 1, -1, 1, -1, 0, 0},
                                     {0, 0, -1, -1, 1, 1, 0, 0},
                                     {0, 0, 0, -1, 0, 1, 0, 0},
                                     {0, 0, 1, 0, -1, 0, 0, 0},
                                     {0, 0, -1, 0, 0, 0, 1, 0},
                                     {0, 0, 0, -1, 0, 0, 0, 1}}};
  static constexpr Matrix<11, 5> kG{{{1, 0, 0, 0, 0},
                                     {0, 1, 0, 0, 0},
                                     {1, 0, 0, 0, 0},
                                     {.25, .25, .25, .25, .25},
                                     {.25, -.25, .25, -.25, .25},
                                     {.5, 0, -.5, 0, .5},
                                     {-.5, .5, .5, -.5, -.5},
                                     {.5, .5, -.5, -.5, .5},
                                     {0, 0, 0, 0, 1},
                                     {0, 0, 0, 1, 0},
                                     {0, 0, 0, 0, 1}}};
  static constexpr Matrix<9, 4> kA{
      {{1, 0, 0, 0}, {0, 1, 0, 0}, {1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}, {1, 0, -1, 0}, {0, 1, 0, -1}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
  static constexpr Product kProducts[] = {{0, 0}, {1, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {7, 8}, {8, 8}};
  static constexpr int kPointOne = 2;
  static constexpr auto kAT = kA.transposed();
  static constexpr auto kGT = kG.transposed();
};

// out = M in, of columns of vectors; zeros and ones of M cost nothing.
template <const auto& M>
[[gnu::always_inline]] inline void multiply(const Vector* in, std::int64_t in_step, Vector* out, std::int64_t out_step) {
#pragma GCC unroll 16
  for (int r = 0; r < M.kRows; ++r) {
    Vector sum{};
    bool is_first = true;
#pragma GCC unroll 16
    for (int c = 0; c < M.kColumns; ++c) {
      const float factor = M.at[r][c];
      if (factor == 0) continue;
      const Vector& x = in[c * in_step];
      if (is_first) {
        sum = factor == 1 ? x : factor == -1 ? -x : factor * x;
      } else {
        sum = factor == 1 ? sum + x : factor == -1 ? sum - x : sum + factor * x;
      }
      is_first = false;
    }
    out[r * out_step] = sum;
  }
}

// planes = M pixels M^T, for M.kColumns^2 pixels of `channels` values.
template <const auto& M>
ALEXNET_SIMD void to_planes(const float* const* pixels, std::int64_t channels, float* planes, std::int64_t plane) {
  constexpr int R = M.kRows, C = M.kColumns;
  for (std::int64_t channel = 0; channel < channels; channel += kLanes) {
    Vector half[R * C];
    for (int c = 0; c < C; ++c) {
      Vector column[C];
#pragma GCC unroll 16
      for (int r = 0; r < C; ++r) column[r] = *reinterpret_cast<const Vector*>(pixels[r * C + c] + channel);
      multiply<M>(column, 1, half + c, C);
    }
    for (int r = 0; r < R; ++r) {
      Vector row[R];
      multiply<M>(half + r * C, 1, row, 1);
#pragma GCC unroll 16
      for (int c = 0; c < R; ++c) *reinterpret_cast<Vector*>(planes + (r * R + c) * plane + channel) = row[c];
    }
  }
}

// pixels = f(M planes M^T + bias), for M.kRows^2 pixels; without a bias where it is null; f: ReLU, which turns NaN into 0, or nothing.
template <const auto& M>
ALEXNET_SIMD void from_planes(const float* planes, std::int64_t plane, std::int64_t channels, const float* bias, bool relu,
                              float* const* pixels) {
  constexpr int R = M.kRows, C = M.kColumns;
  for (std::int64_t channel = 0; channel < channels; channel += kLanes) {
    Vector half[R * C];
    for (int c = 0; c < C; ++c) {
      Vector column[C];
#pragma GCC unroll 16
      for (int r = 0; r < C; ++r) column[r] = *reinterpret_cast<const Vector*>(planes + (r * C + c) * plane + channel);
      multiply<M>(column, 1, half + c, C);
    }
    Vector added{};
    if (bias != nullptr) added = *reinterpret_cast<const Vector*>(bias + channel);
    for (int r = 0; r < R; ++r) {
      Vector row[R];
      multiply<M>(half + r * C, 1, row, 1);
#pragma GCC unroll 16
      for (int c = 0; c < R; ++c) {
        Vector value = row[c] + added;
        if (relu) value = value > 0 ? value : Vector{};
        *reinterpret_cast<Vector*>(pixels[r * R + c] + channel) = value;
      }
    }
  }
}

}  // namespace alexnet::winograd
