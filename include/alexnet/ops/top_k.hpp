// The k largest of each row, largest first; at equal values the lower index first, NaN last. values (N, C) -> indices (N, k) i32, top (N,
// k) f32.
#pragma once

#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class TopK : public Op {
 public:
  virtual void forward(const Tensor& values, const Tensor& indices, const Tensor& top) = 0;
};

// Throws Error(internal) when a tensor does not have these extents (values: N rows, any rank) or k is not 1 to C.
void check_top_k(std::int64_t N, std::int64_t C, std::int64_t k, const Tensor& values, const Tensor& indices, const Tensor& top);

}  // namespace alexnet
