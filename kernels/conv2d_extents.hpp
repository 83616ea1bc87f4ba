// The shape of a convolution as the kernels count it.
#pragma once

#include <cstdint>

#include "alexnet/core/geometry.hpp"

namespace alexnet {

// ICG, OCG: channels a group.
struct Conv2dExtents {
  int N, IH, IW, IC, OH, OW, OC, KH, KW, SH, SW, top, left, groups, ICG, OCG;

  int pixels() const { return N * OH * OW; }  // of dst
  int taps() const { return KH * KW * ICG; }  // of an output channel, with their channels
};

// Indices of pixels and weights, and offsets within the weights and within a window's rows of a picture, are 32 bits wide in the kernels;
// offsets of pixels are 64. Throws Error(internal).
Conv2dExtents narrow(const Conv2dShape& s);

}  // namespace alexnet
