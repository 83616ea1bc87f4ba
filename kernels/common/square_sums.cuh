// Sums over the size x size pixels around each pixel, channel by channel, for the kernels of spatial_norm: the common walk of its passes.
//
// A block takes up to 32 channels (128 bytes of each pixel) of a band of columns of one image and walks down the rows. In shared memory: a
// ring of the last 2 * reach + 1 rows as they came, and two rows of sums along the columns. A sum over a square is a sum along the row of
// sums along the column: 2 * size additions, none subtracted. Values of the block are its items, column by column with their channels side
// by side, item i of thread i % kSquareThreads in every step: so the ring needs no barrier, the row of sums one.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "alexnet/core/geometry.hpp"
#include "kernels/common/shared.cuh"

namespace alexnet {

inline constexpr int kSquareThreads = 256;

struct SquarePlan {
  int H, W, C;
  int reach_h, reach_w;  // not beyond the picture
  int slots;             // rows of the ring
  int slices, bands;     // blocks of an image: slices * bands
  int slice_channels;    // that a block takes, at most
  int band_columns;      // that a block makes, at most; it reads reach_w more at each side
  std::int64_t blocks() const { return static_cast<std::int64_t>(slices) * bands; }
  int items() const { return std::min(W, band_columns + 2 * reach_w) * slice_channels; }
  std::size_t shared_bytes() const { return static_cast<std::size_t>(slots + 2) * static_cast<std::size_t>(items()) * sizeof(float); }
};

// Whole rows of 32 channels if they fit into the shared memory that every kernel may have, else the widest bands of columns that do; fewer
// channels only where not even one column fits.
inline SquarePlan square_plan(const SpatialNormShape& s) {
  constexpr std::size_t kSharedBytes = 48 * 1024;
  SquarePlan plan{};
  plan.H = static_cast<int>(s.H);
  plan.W = static_cast<int>(s.W);
  plan.C = static_cast<int>(s.C);
  plan.reach_h = static_cast<int>(std::min(s.size / 2, s.H - 1));
  plan.reach_w = static_cast<int>(std::min(s.size / 2, s.W - 1));
  plan.slots = std::min(2 * plan.reach_h + 1, plan.H);
  for (plan.slice_channels = std::min(plan.C, 32);; plan.slice_channels = (plan.slice_channels + 1) / 2) {
    plan.band_columns = plan.W;
    for (int bands = 2; plan.shared_bytes() > kSharedBytes && plan.band_columns > 1; ++bands)
      plan.band_columns = (plan.W + bands - 1) / bands;
    if (plan.shared_bytes() <= kSharedBytes || plan.slice_channels == 1) break;
  }
  plan.slices = (plan.C + plan.slice_channels - 1) / plan.slice_channels;
  plan.bands = (plan.W + plan.band_columns - 1) / plan.band_columns;
  return plan;
}

// Calls finish(at, x, sum) for each of the block's outputs: at is its index in the tensors, x = src[at], sum that of value(x) over the
// square around it. src (N,H,W,C).
template <class Value, class Finish>
__device__ void for_each_square_sum(const SquarePlan& p, const float* src, Value value, Finish finish) {
  const int blocks = p.slices * p.bands, n = static_cast<int>(blockIdx.x) / blocks, part = static_cast<int>(blockIdx.x) - n * blocks;
  const int first_channel = part % p.slices * p.slice_channels, channels = min(p.C - first_channel, p.slice_channels);
  const int first_column = part / p.slices * p.band_columns, end_column = min(first_column + p.band_columns, p.W);
  const int known_first = max(first_column - p.reach_w, 0), known_end = min(end_column + p.reach_w, p.W);
  const int items = (known_end - known_first) * channels;
  const std::int64_t image = static_cast<std::int64_t>(n) * p.H * p.W * p.C + first_channel;
  const auto index = [&](int h, int i) {
    const int column = i / channels;
    return image + (static_cast<std::int64_t>(h) * p.W + known_first + column) * p.C + i - column * channels;
  };
  float* ring = reinterpret_cast<float*>(dynamic_shared);
  float* sums = ring + p.slots * items;

  for (int row = 0; row < p.H + p.reach_h; ++row) {
    const int h = row - p.reach_h;  // the row to make: `row` is the last that it sees
    const int top = max(h - p.reach_h, 0), bottom = min(row, p.H - 1);
    float* sums_of_row = sums + (row & 1) * items;
    for (int i = static_cast<int>(threadIdx.x); i < items; i += kSquareThreads) {
      if (row < p.H) ring[row % p.slots * items + i] = src[index(row, i)];
      if (h < 0) continue;
      float sum = 0.0F;
      int slot = top % p.slots;
      for (int y = top; y <= bottom; ++y) {
        sum += value(ring[slot * items + i]);
        slot = slot + 1 < p.slots ? slot + 1 : 0;
      }
      sums_of_row[i] = sum;
    }
    if (h < 0) continue;
    __syncthreads();  // one is enough: who writes this row of sums again has passed the next row's, and all have read this one by then
    for (int i = static_cast<int>(threadIdx.x); i < items; i += kSquareThreads) {
      const int column = known_first + i / channels;
      if (column < first_column || column >= end_column) continue;
      const int left = max(column - p.reach_w, known_first), right = min(column + p.reach_w, known_end - 1);
      float sum = 0.0F;
      for (int w = left; w <= right; ++w) sum += sums_of_row[i + (w - column) * channels];
      finish(index(h, i), ring[h % p.slots * items + i], sum);
    }
  }
}

}  // namespace alexnet
