// From the chosen tile to the instance of a kernel.
#pragma once

#include "kernels/common/gemm_tile.cuh"
#include "kernels/conv2d_tiles.hpp"

namespace alexnet {

template <int kWidth_>
struct Width {
  static constexpr int kWidth = kWidth_;
};

// Calls f(Tile<...>{}, Width<4>{} or Width<1>{}) for a product of which every load may be a float4, or must be a single float.
template <class F>
void with_tile(int M, int N, int products, bool in_quads, F f) {
  const TileExtents tile = choose_tile(M, N, products, in_quads);
  if (tile == TileExtents{128, 128}) return f(Tile<128, 128>{}, Width<4>{});
  if (tile == TileExtents{64, 128}) return f(Tile<64, 128>{}, Width<4>{});
  if (tile == TileExtents{128, 64}) return in_quads ? f(Tile<128, 64>{}, Width<4>{}) : f(Tile<128, 64>{}, Width<1>{});
  return in_quads ? f(Tile<64, 64>{}, Width<4>{}) : f(Tile<64, 64>{}, Width<1>{});
}

}  // namespace alexnet
