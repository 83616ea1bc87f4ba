// How LRN's kernels divide their tensor. In NHWC the channels of one group of one pixel are a row of C/groups values, and the rows of the
// whole batch follow each other: the kernels run over rows and know neither pixels nor groups.
//
// There are two ways. Vectors: 4 channels a thread, whole rows in a block, windows that reach no further than the next 4 channels (size up
// to 9, rows of 4 to 1024 channels that 4 divides: all that networks have). Tiles: one float at a time, any row, any window.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "alexnet/core/geometry.hpp"

namespace alexnet {

struct ChannelRows {
  std::int64_t count;  // floats in the tensor
  int length;          // of a row
  int reach;           // channels on each side of the middle one; not beyond a row's end
};

inline ChannelRows channel_rows(const LrnShape& s) {
  const std::int64_t length = s.C / s.groups;
  return {s.N * s.H * s.W * s.C, static_cast<int>(length), static_cast<int>(std::min(s.size / 2, length - 1))};
}

inline constexpr int kRowThreads = 256;
inline constexpr int kMostReach = 4;  // of the way by vectors

inline bool fits_vectors(const ChannelRows& rows) {
  return rows.length % 4 == 0 && rows.length <= 4 * kRowThreads && rows.reach <= kMostReach;
}

// By vectors: a block has the threads of as many whole rows as fit; the few behind them idle. An even number of quads if possible: a
// block then begins with a sector of memory.
inline std::int64_t quads_per_block(const ChannelRows& rows) {
  const int in_row = rows.length / 4, fit = kRowThreads / in_row;
  return (in_row % 2 == 1 && fit > 1 ? fit / 2 * 2 : fit) * in_row;
}

// The four channels of a thread between those before and behind them; `quads` in shared memory holds all of the block's.
struct Neighbourhood {
  float v[12];

  // `column`: of the quad in its row. What lies beyond the row's ends is 0.
  __device__ Neighbourhood(const float4* quads, float4 own, int column, int quads_in_row) {
    const float4 zero = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
    const float4 before = column > 0 ? quads[threadIdx.x - 1] : zero;
    const float4 after = column + 1 < quads_in_row ? quads[threadIdx.x + 1] : zero;
    set(0, before);
    set(4, own);
    set(8, after);
  }
  __device__ void set(int first, float4 four) {
    v[first] = four.x;
    v[first + 1] = four.y;
    v[first + 2] = four.z;
    v[first + 3] = four.w;
  }
  // Over the window around the i-th of the thread's channels.
  __device__ float sum(int i, int reach) const {
    float result = 0.0F;
    for (int shift = -kMostReach; shift <= kMostReach; ++shift) {
      if (shift >= -reach && shift <= reach) result += v[4 + i + shift];
    }
    return result;
  }
};

inline constexpr int kTileFloats = 1024;

// By tiles: what a block makes, `count` floats from `first` on: as many whole rows as fit, or a part of one row. It knows `before` floats
// before them and `after` behind them, all in that row.
struct ChannelTile {
  std::int64_t first;
  int count, before, after;
  int channel;  // of the first float in its row

  // halo: how far the block looks beyond its own floats.
  __device__ ChannelTile(const ChannelRows& rows, int halo) {
    if (rows.length <= kTileFloats) {
      const int whole = kTileFloats / rows.length * rows.length;
      first = static_cast<std::int64_t>(blockIdx.x) * whole;
      count = rows.count - first < whole ? static_cast<int>(rows.count - first) : whole;
      before = after = channel = 0;
    } else {
      const unsigned tiles = (static_cast<unsigned>(rows.length) + kTileFloats - 1) / kTileFloats, row = blockIdx.x / tiles;
      channel = static_cast<int>(blockIdx.x - row * tiles) * kTileFloats;
      first = static_cast<std::int64_t>(row) * rows.length + channel;
      const int rest = rows.length - channel;
      count = min(kTileFloats, rest);
      before = min(halo, channel);
      after = min(halo, rest - count);
    }
  }
  // Zeros where the windows of the tile's ends leave what the block knows; x[i]: float i of the tile.
  __device__ void zero_ends(const ChannelRows& rows, float* x) const {
    for (int i = static_cast<int>(threadIdx.x); i < rows.reach; i += kRowThreads) x[-before - 1 - i] = x[count + after + i] = 0.0F;
  }
  // The sum of term(x[j]) over the floats j around i that are in i's row. All around are read and the others masked: so the lanes of a warp
  // always read side by side and never meet in a bank.
  template <class Term>
  __device__ float sum(const ChannelRows& rows, const float* x, int i, Term term) const {
    const int c = (channel + i) % rows.length;
    float result = 0.0F;
    for (int shift = -rows.reach; shift <= rows.reach; ++shift) {
      const int mask = c + shift >= 0 && c + shift < rows.length ? -1 : 0;
      result += term(__int_as_float(__float_as_int(x[i + shift]) & mask));
    }
    return result;
  }
};
inline std::int64_t num_tiles(const ChannelRows& rows) {
  if (rows.length > kTileFloats) return rows.count / rows.length * ((rows.length + kTileFloats - 1) / kTileFloats);
  const int whole = kTileFloats / rows.length * rows.length;
  return (rows.count + whole - 1) / whole;
}
// That a block keeps in shared memory, at most: what it knows, and zeros for the windows of the first and the last.
inline std::int64_t tile_floats(const ChannelRows& rows, std::int64_t halo) {
  const std::int64_t known = rows.length <= kTileFloats ? kTileFloats : std::min<std::int64_t>(kTileFloats + 2 * halo, rows.length);
  return known + 2 * static_cast<std::int64_t>(rows.reach);
}

}  // namespace alexnet
