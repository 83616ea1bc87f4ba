// Which tile of gemm_tile.cuh a matrix product of a convolution takes.
#pragma once

#include <cstdint>

#include "kernels/common/gemm_tile.cuh"

namespace alexnet {

enum class TileSize { rows128_columns128, rows128_columns64, rows64_columns64 };

inline constexpr int kMultiprocessors = 132;  // an H100's; the choice may depend on the shape alone

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

// For `products` products of M x N each. The larger a tile, the fewer bytes each multiply-add needs; but half of a wide one is wasted on,
// say, 192 columns, and a product of few tiles leaves multiprocessors without work. Loads of single floats keep more rows in mind, for
// which the registers of a wide tile do not suffice.
inline TileSize choose_tile(int M, int N, int products, bool in_quads) {
  const bool wide = in_quads && ceil_div(N, 128) * 2 == ceil_div(N, 64);
  const std::int64_t tiles = std::int64_t{ceil_div(M, 128)} * ceil_div(N, wide ? 128 : 64) * products;
  if (M <= 64 || tiles < kMultiprocessors) return TileSize::rows64_columns64;
  return wide ? TileSize::rows128_columns128 : TileSize::rows128_columns64;
}

template <int kWidth_>
struct Width {
  static constexpr int kWidth = kWidth_;
};

// Calls f(Tile<...>{}, Width<4>{} or Width<1>{}) for a product of which every load may be a float4, or must be a single float.
template <class F>
void with_tile(int M, int N, int products, bool in_quads, F f) {
  switch (choose_tile(M, N, products, in_quads)) {
    case TileSize::rows128_columns128:
      return f(Tile<128, 128>{}, Width<4>{});
    case TileSize::rows128_columns64:
      return in_quads ? f(Tile<128, 64>{}, Width<4>{}) : f(Tile<128, 64>{}, Width<1>{});
    case TileSize::rows64_columns64:
      return in_quads ? f(Tile<64, 64>{}, Width<4>{}) : f(Tile<64, 64>{}, Width<1>{});
  }
}

}  // namespace alexnet
