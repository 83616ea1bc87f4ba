// Max-pool (overlapping when stride < kernel; section 3.4 of the paper) and average pool. Shapes: PoolShape.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class MaxPool : public Op {
 public:
  // Of equal maxima the first in row-major order wins. Padding never wins. Keeps the argmax in the workspace, if there is one.
  // oneDNN never lets a NaN win; the maximum of a window of NaNs or of minus infinities is the lowest finite float.
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
  // Each gradient goes to its window's winner; a pixel that won several windows gets the sum.
  virtual void backward_data(const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// The sum over the window's pixels inside the picture, divided by KH*KW (count_pad of Backend::make_average_pool) or by their number.
class AveragePool : public Op {
 public:
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
  virtual void backward_data(const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// For both passes: src and dst, or diff_src and diff_dst. Throws Error(internal) when a tensor does not have the shape's extents.
void check_pool(const PoolShape& s, const Tensor& src, const Tensor& dst);

}  // namespace alexnet
