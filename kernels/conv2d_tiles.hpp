// Which tile of gemm_tile.cuh a matrix product of a convolution takes.
#pragma once

#include <cstdint>

namespace alexnet {

inline constexpr int kMultiprocessors = 132;  // an H100's, whatever the device is: the choice may depend on the shape alone

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

struct TileExtents {
  int rows, columns;
  bool operator==(const TileExtents&) const = default;
};

// For `products` products of M x N each. The time is that of the multiprocessor with the most tiles: so a tile is bad that M and N fill
// badly (192 columns are three of 64, but one and a half of 128), and one of which there are too few. Of the same size, larger tiles read
// less for each multiply-add; by how much that counts is an estimate, not yet measured on a GPU. Loads of single floats (!in_quads) keep
// more rows in mind, for which the registers of wide tiles do not suffice.
constexpr TileExtents choose_tile(int M, int N, int products, bool in_quads) {
  struct Candidate {
    TileExtents tile;
    int cost;  // of a multiply-add
  };
  constexpr Candidate kCandidates[] = {{{128, 128}, 16}, {{128, 64}, 18}, {{64, 128}, 18}, {{64, 64}, 20}};
  TileExtents best{};
  std::int64_t least = INT64_MAX;
  for (const auto& [tile, cost] : kCandidates) {
    if (!in_quads && tile.columns == 128) continue;
    const std::int64_t tiles = std::int64_t{ceil_div(M, tile.rows)} * ceil_div(N, tile.columns) * products;
    const std::int64_t time = (tiles + kMultiprocessors - 1) / kMultiprocessors * tile.rows * tile.columns * cost;
    if (time < least) best = tile;
    if (time < least) least = time;
  }
  return best;
}

}  // namespace alexnet
