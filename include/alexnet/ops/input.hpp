// From stored pictures to the network's input: crop, mirror, minus mean, plus colour noise, times scale (section 4.1 of the paper).
//
//   dst[n,h,w,c] = (pixels[n, y, x, c] - mean[y, x, c] + noise[n][c]) * scale,   y = top + h, x = left + (flip ? OW-1-w : w)
//
// pixels (N,IH,IW,3) u8; mean (IH,IW,3) f32, or (1,1,3): one value per colour; dst (N,OH,OW,3) f32. The mean is taken at the pixel's
// own place in the stored picture. `transforms` has N entries, in the backend's memory.
#pragma once

#include <span>

#include "alexnet/core/geometry.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class Input : public Op {
 public:
  virtual void forward(const Tensor& pixels, const SampleTransform* transforms, const Tensor& mean, const Tensor& dst) = 0;
};

// Throws Error(internal) when a tensor does not have the shape's extents.
void check_forward(const InputShape& s, const Tensor& pixels, const Tensor& mean, const Tensor& dst);
// The same when a crop leaves the picture; before the transforms go to the device.
void check_transforms(const InputShape& s, std::span<const SampleTransform> transforms);

}  // namespace alexnet
