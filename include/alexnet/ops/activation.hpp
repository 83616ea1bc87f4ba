// Pointwise nonlinearities, in place (dst may be src, diff_src may be diff_dst). Section 3.1 of the paper.
#pragma once

#include "alexnet/core/activation_function.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class Activation : public Op {
 public:
  // relu: max(src, 0); leaky_relu: src where src > 0, else negative_slope * src; tanh: tanh(src); sigmoid: 1 / (1 + exp(-src));
  // softsign: src / (1 + |src|). A NaN stays a NaN in all (in a fused Epilogue::relu it need not: see conv2d.hpp); softsign makes one of
  // an infinity.
  virtual void forward(const Tensor& src, const Tensor& dst) = 0;
  // From the *output* of forward, diff_dst times: relu: 1 where dst > 0, else 0; leaky_relu: 1 where dst > 0, else negative_slope;
  // tanh: 1 - dst^2; sigmoid: dst (1 - dst); softsign: (1 - |dst|)^2.
  virtual void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// Throws Error(internal) when a tensor does not have the shape or the type.
void check_forward(const Shape& shape, DType type, const Tensor& src, const Tensor& dst);
void check_backward_data(const Shape& shape, DType type, const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src);

}  // namespace alexnet
