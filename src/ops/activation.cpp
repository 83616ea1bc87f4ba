#include "alexnet/ops/activation.hpp"

namespace alexnet {

void check_forward(const Shape& shape, const Tensor& src, const Tensor& dst) {
  check_tensor("activation forward: src", src, shape, DType::f32);
  check_tensor("activation forward: dst", dst, shape, DType::f32);
}

void check_backward_data(const Shape& shape, const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) {
  check_tensor("activation backward_data: dst", dst, shape, DType::f32);
  check_tensor("activation backward_data: diff_dst", diff_dst, shape, DType::f32);
  check_tensor("activation backward_data: diff_src", diff_src, shape, DType::f32);
}

}  // namespace alexnet
