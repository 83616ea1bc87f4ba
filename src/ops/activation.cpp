#include "alexnet/ops/activation.hpp"

namespace alexnet {

void check_forward(const Shape& shape, DType type, const Tensor& src, const Tensor& dst) {
  check_tensor("activation forward: src", src, shape, type);
  check_tensor("activation forward: dst", dst, shape, type);
}

void check_backward_data(const Shape& shape, DType type, const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) {
  check_tensor("activation backward_data: dst", dst, shape, type);
  check_tensor("activation backward_data: diff_dst", diff_dst, shape, type);
  check_tensor("activation backward_data: diff_src", diff_src, shape, type);
}

}  // namespace alexnet
