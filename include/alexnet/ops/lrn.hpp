// Local response normalisation across the channels of a column; section 3.3 of the paper. Shapes and formula: LrnShape.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class Lrn : public Op {
 public:
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
  // diff_src[c] = diff_dst[c] d[c]^-beta - 2 alpha beta src[c] * sum over c' that see c of diff_dst[c'] src[c'] d[c']^(-beta-1);
  // the denominators d are computed again from src. With src_is_relu: 0 where src is not above 0.
  virtual void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// Throw Error(internal) when a tensor does not have the shape's extents.
void check_forward(const LrnShape& s, const Tensor& src, const Tensor& dst);
void check_backward_data(const LrnShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src);

}  // namespace alexnet
