#include "alexnet/ops/top_k.hpp"

#include "alexnet/core/error.hpp"
#include "ops/checks.hpp"

namespace alexnet {

void check_top_k(std::int64_t N, std::int64_t C, std::int64_t k, const Tensor& values, const Tensor& indices, const Tensor& top) {
  if (k < 1 || k > C) fail(ExitCode::internal, "top_k: k is {}, must be 1 to the number of classes, {}", k, C);
  check_rows("top_k: values", values, N, C, DType::f32);
  check_tensor("top_k: indices", indices, Shape{N, k}, DType::i32);
  check_tensor("top_k: top", top, Shape{N, k}, DType::f32);
}

}  // namespace alexnet
