// Where the windows of a pool lie (PoolShape), and how the elements of an image are given to threads.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "alexnet/core/geometry.hpp"

namespace alexnet {

// [first, end)
struct Interval {
  int first, end;
  __device__ int count() const { return end - first; }
};

// One axis of a pool.
struct PoolAxis {
  int src, dst, kernel, stride, pad;

  // Where output o's window begins; below 0 in the padding.
  __device__ int window_begin(int o) const { return o * stride - pad; }
  // The places of output o's window that are inside the picture.
  __device__ Interval places(int o) const {
    const int begin = window_begin(o);
    return {begin < 0 ? -begin : 0, begin + kernel < src ? kernel : src - begin};
  }
  // The outputs whose windows hold input pixel i; empty where the stride skips it.
  __device__ Interval windows_with(int i) const {
    const int last = (i + pad) / stride, before = i + pad - kernel;  // the windows that begin at `before` or earlier end before i
    return {before < 0 ? 0 : before / stride + 1, last + 1 < dst ? last + 1 : dst};
  }
};

struct PoolAxes {
  PoolAxis h, w;
};
__device__ inline PoolAxes axes(const PoolShape& s) {
  return {{static_cast<int>(s.IH), static_cast<int>(s.OH), static_cast<int>(s.KH), static_cast<int>(s.SH), static_cast<int>(s.pad.top)},
          {static_cast<int>(s.IW), static_cast<int>(s.OW), static_cast<int>(s.KW), static_cast<int>(s.SW), static_cast<int>(s.pad.left)}};
}

// kWidth channels of one pixel.
struct Place {
  std::int64_t n;
  int h, w, c;
};

// Of images (H,W,C), element blockIdx.x * kThreads + threadIdx.x of kWidth channels each, where every image begins with a new block: the
// divisions are of 32 bits. False behind an image's end. The grid has N * blocks_per_image(...) blocks.
template <int kThreads, int kWidth>
__device__ bool find_place(std::int64_t H, std::int64_t W, std::int64_t C, Place& place) {
  const auto vectors = static_cast<unsigned>(C) / kWidth, pixels = static_cast<unsigned>(H * W);
  const unsigned blocks = (pixels * vectors + kThreads - 1) / kThreads;
  const unsigned n = blockIdx.x / blocks, i = (blockIdx.x - n * blocks) * kThreads + threadIdx.x;
  const unsigned pixel = i / vectors, h = pixel / static_cast<unsigned>(W);
  place = {n, static_cast<int>(h), static_cast<int>(pixel - h * static_cast<unsigned>(W)),
           static_cast<int>((i - pixel * vectors) * kWidth)};
  return pixel < pixels;
}
inline std::int64_t blocks_per_image(std::int64_t threads, std::int64_t width, std::int64_t H, std::int64_t W, std::int64_t C) {
  return (H * W * (C / width) + threads - 1) / threads;
}

}  // namespace alexnet
