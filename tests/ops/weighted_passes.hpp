// An op with weights (Conv2d, FullyConnected), its tensors between guard bands, and its three passes run once. `type`: of activations.
#pragma once

#include <memory>
#include <utility>

#include "support/ops_support.hpp"

namespace alexnet::test {

template <class OpType>
class WeightedPasses {
 public:
  WeightedPasses(std::unique_ptr<OpType> made, const Shape& src_shape, const Shape& weights_shape, const Shape& dst_shape,
                 DType type = DType::f32)
      : op(std::move(made)),
        src(src_shape, type),
        weights(weights_shape),
        bias(Shape{weights_shape[0]}),
        dst(dst_shape, type),
        diff_dst(dst_shape, type),
        diff_src(src_shape, type),
        diff_weights(weights_shape),
        diff_bias(Shape{weights_shape[0]}),
        memory_(*op) {}

  WeightedPasses& fill_integers() {
    src.fill_integers(1);
    weights.fill_integers(2);
    bias.fill_integers(3);
    diff_dst.fill_integers(4);
    return *this;
  }
  WeightedPasses& fill_uniform() {
    src.fill_uniform(1);
    weights.fill_uniform(2);
    bias.fill_uniform(3);
    diff_dst.fill_uniform(4);
    return *this;
  }

  void forward() { op->forward(src, weights, bias, dst); }
  void backward_data() { op->backward_data(diff_dst, weights, diff_src); }
  void backward_weights() { op->backward_weights(src, diff_dst, diff_weights, diff_bias); }
  WeightedPasses& run() {
    forward();
    backward_data();
    backward_weights();
    return *this;
  }

  void expect_guards_intact() const {
    for (const GuardedTensor* t : {&src, &weights, &bias, &dst, &diff_dst, &diff_src, &diff_weights, &diff_bias}) {
      EXPECT_TRUE(t->guards_intact());
    }
    EXPECT_TRUE(memory_.guards_intact());
  }

  std::unique_ptr<OpType> op;
  GuardedTensor src, weights, bias, dst, diff_dst, diff_src, diff_weights, diff_bias;

 private:
  BoundMemory memory_;
};

}  // namespace alexnet::test
