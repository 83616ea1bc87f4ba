// Stochastic gradient descent with momentum, the paper's update (section 5), rate inside the velocity:
//   velocity <- momentum * velocity - weight_decay * rate * weights - rate * diff_weights;  weights <- weights + velocity
#pragma once

#include "alexnet/core/step_parameters.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class Sgd : public Op {
 public:
  virtual void update(const StepParameters* step, const Tensor& diff_weights, const Tensor& velocity, const Tensor& weights) = 0;
};

// Throws Error(internal) when a tensor does not have `count` elements, or slot is not 0 to kMaxLayers - 1.
void check_update(const SgdShape& s, const Tensor& diff_weights, const Tensor& velocity, const Tensor& weights);

}  // namespace alexnet
