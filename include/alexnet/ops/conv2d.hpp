// 2-D convolution (cross-correlation) in column groups; section 3.5 of the paper. Shapes: Conv2dShape.
#pragma once

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

// What is applied to the result before it is stored. oneDNN's fused relu stores 0 for a NaN, so weights that are not finite need not
// show in the loss: before a checkpoint the trainer looks at the weights themselves.
enum class Epilogue { none, relu };

class Conv2d : public Op {
 public:
  // dst = epilogue(conv(src, weights) + bias)
  virtual void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) = 0;
  // diff_src from diff_dst, which is the gradient before the epilogue (a fused ReLU's mask is already applied to it).
  virtual void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) = 0;
  // diff_weights (OC,KH,KW,IC/groups) and diff_bias (OC): sums over the batch, of a diff_dst as above. (The loss has divided its
  // gradient by the number of images.)
  virtual void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) = 0;
};

// Throws Error(internal) when a tensor does not have the shape's extents.
void check_forward(const Conv2dShape& s, const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst);
void check_backward_data(const Conv2dShape& s, const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src);
void check_backward_weights(const Conv2dShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights,
                            const Tensor& diff_bias);

}  // namespace alexnet
