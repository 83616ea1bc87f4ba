// Local response normalisation inside each map, over a square of pixels: block 2 of the net that was run in 2012 (CHM source;
// the paper does not mention it). Shapes and formula: SpatialNormShape.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class SpatialNorm : public Op {
 public:
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
  virtual void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// Throw Error(internal) when a tensor does not have the shape's extents.
void check_forward(const SpatialNormShape& s, const Tensor& src, const Tensor& dst);
void check_backward_data(const SpatialNormShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src);

}  // namespace alexnet
