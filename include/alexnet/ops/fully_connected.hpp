// Fully connected layer: dst = epilogue(src * weights^T + bias). Shapes: FullyConnectedShape; src may also be (N,IH,IW,IC) of a conv layer.
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

void check_forward(const FullyConnectedShape& s, const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst);
void check_backward_data(const FullyConnectedShape& s, const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src);
void check_backward_weights(const FullyConnectedShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights,
                            const Tensor& diff_bias);

}  // namespace alexnet
