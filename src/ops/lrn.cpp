#include "alexnet/ops/lrn.hpp"

namespace alexnet {

void check_forward(const LrnShape& s, const Tensor& src, const Tensor& dst) {
  const Shape shape{s.N, s.H, s.W, s.C};
  check_tensor("lrn: src", src, shape, s.type);
  check_tensor("lrn: dst", dst, shape, s.type);
}

void check_backward_data(const LrnShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) {
  const Shape shape{s.N, s.H, s.W, s.C};
  check_tensor("lrn: src", src, shape, s.type);
  check_tensor("lrn: diff_dst", diff_dst, shape, s.type);
  check_tensor("lrn: diff_src", diff_src, shape, s.type);
}

}  // namespace alexnet
