// Dropout; section 4.2 of the paper. In place (dst may be src).
//
// The unit u of the stream's picture p is dropped when word u % 4 of random_block(seed, RandomStream::dropout + slot, p, u / 4) is
// below rate * 2^32: an integer comparison, so every backend, batch size and rank draws the same mask. A device that holds some of the
// channels draws for the units of the whole network: DropoutShape::unit_of_network.
#pragma once

#include "alexnet/core/step_parameters.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class Dropout : public Op {
 public:
  virtual void forward_train(const StepParameters* step, const Tensor& src, const Tensor& dst) = 0;
  virtual void forward_test(const StepParameters* step, const Tensor& src, const Tensor& dst) = 0;
  // Draws the training mask again: nothing is kept from forward.
  virtual void backward_data(const StepParameters* step, const Tensor& diff_dst, const Tensor& diff_src) = 0;
};

// Throws Error(internal) when a tensor does not hold N images of `units` values (of any rank), or those are not the channels of pixels.
void check_dropout(const DropoutShape& s, const Tensor& src, const Tensor& dst);
// The same when a rate is not in [0, 1); before the step goes to the device.
void check_dropout_rates(const StepParameters& step);

}  // namespace alexnet
