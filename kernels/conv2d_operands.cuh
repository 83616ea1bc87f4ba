// The axes of a convolution's matrices (common/operand.cuh): pixels that a window visits, and the taps of the window. Together they say
// where in the picture tap (kh, kw) of the window at pixel (h, w) lies.
#pragma once

#include "kernels/common/counter.cuh"
#include "kernels/common/operand.cuh"
#include "kernels/conv2d_extents.hpp"

namespace alexnet {

// Pixels (n, i, j) of a grid of N x grid_H x grid_W, as places in pictures (N, H, W, C): h = i * stride_h + first_h, w alike. first_h and
// first_w may be negative: the padding.
struct Pixels {
  using Position = Digits;
  Counter counter;
  int N, stride_h, stride_w, first_h, first_w;
  std::int64_t image_stride;
  int row_stride, pixel_stride;

  __device__ __forceinline__ Position start(int index) const { return counter.digits(index); }
  __device__ __forceinline__ void advance(Position& p) const { counter.advance(p); }
  __device__ __forceinline__ Place<std::int64_t> place(const Position& p) const {
    const int h = p.middle * stride_h + first_h, w = p.low * stride_w + first_w;
    return {p.high * image_stride + std::int64_t{h} * row_stride + std::int64_t{w} * pixel_stride, p.high < N ? h : kNowhere, w};
  }
};

// Taps and their channels, (kh, kw, c) of KH x KW x C.
struct Taps {
  using Position = Digits;
  Counter counter;
  int KH, stride_h, stride_w, stride_c;

  __device__ __forceinline__ Position start(int index) const { return counter.digits(index); }
  __device__ __forceinline__ void advance(Position& p) const { counter.advance(p); }
  __device__ __forceinline__ Place<int> place(const Position& p) const {
    return {p.high * stride_h + p.middle * stride_w + p.low * stride_c, p.high < KH ? p.high : kNowhere, p.middle};
  }
};

// The axes of the forward pass, which backward_weights shares: the pixels of dst as places in src, and the window over src.
inline Pixels windows(const Conv2dExtents& e) {
  return {Counter(e.OH, e.OW, kDepth), e.N, e.SH, e.SW, -e.top, -e.left, std::int64_t{e.IH} * e.IW * e.IC, e.IW * e.IC, e.IC};
}
inline Taps window_taps(const Conv2dExtents& e) { return {Counter(e.KW, e.ICG, kDepth), e.KH, e.IW * e.IC, e.IC, 1}; }

}  // namespace alexnet
