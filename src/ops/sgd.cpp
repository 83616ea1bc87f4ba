#include "alexnet/ops/sgd.hpp"

#include "ops/checks.hpp"

namespace alexnet {

void check_update(const SgdShape& s, const Tensor& diff_weights, const Tensor& velocity, const Tensor& weights) {
  check_slot("sgd", s.slot);
  check_count("sgd: diff_weights", diff_weights, s.count, DType::f32);
  check_count("sgd: velocity", velocity, s.count, DType::f32);
  check_count("sgd: weights", weights, s.count, DType::f32);
}

}  // namespace alexnet
