// Fully connected layer: dst = epilogue(src * weights^T + bias), per group. Shapes: FullyConnectedShape, or the same bytes as matrices:
// src (N, IH*IW*IC), weights (OC, IH*IW*IC/groups), dst (N, OC). Passes as in conv2d.hpp: diff_dst is the gradient before the epilogue.
// With a workspace, backward_data may use what the forward pass before it kept of its weights.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/conv2d.hpp"  // Epilogue

namespace alexnet {

class FullyConnected : public Op {
 public:
  virtual void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) = 0;
  virtual void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) = 0;
  virtual void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) = 0;
};

// Throws Error(internal) when a tensor has neither form.
void check_forward(const FullyConnectedShape& s, const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst);
void check_backward_data(const FullyConnectedShape& s, const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src);
void check_backward_weights(const FullyConnectedShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights,
                            const Tensor& diff_bias);

}  // namespace alexnet
