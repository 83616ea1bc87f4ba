// The k largest of each row, largest first; at equal values the lower index first. values (N, C) -> indices (N, k) i32, top (N, k) f32.
#pragma once

#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class TopK : public Op {
 public:
  virtual void forward(const Tensor& values, const Tensor& indices, const Tensor& top) = 0;
};

}  // namespace alexnet
