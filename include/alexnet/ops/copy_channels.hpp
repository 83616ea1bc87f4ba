// Copies some channels of each pixel: what takes a device's own channels out of all, and puts the parts of several devices side by side.
//
//   dst[n, p, dst_first + c] = src[n, p, src_first + c],  c < channels;  src (N, pixels, src_C), dst (N, pixels, dst_C)
//
// The other channels of dst become 0 with zero_rest, else they stay. bf16 -> f32 is exact, f32 -> bf16 rounds to the nearest.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class CopyChannels : public Op {
 public:
  // src and dst do not overlap.
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
};

// Throws Error(internal) when the channels are not inside the tensors, or a tensor (of any rank) does not hold N images of that size.
void check_copy_channels(const CopyChannelsShape& s, const Tensor& src, const Tensor& dst);

}  // namespace alexnet
