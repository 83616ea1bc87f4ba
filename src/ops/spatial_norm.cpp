#include "alexnet/ops/spatial_norm.hpp"

namespace alexnet {

void check_forward(const SpatialNormShape& s, const Tensor& src, const Tensor& dst) {
  const Shape shape{s.N, s.H, s.W, s.C};
  check_tensor("spatial_norm: src", src, shape, s.type);
  check_tensor("spatial_norm: dst", dst, shape, s.type);
}

void check_backward_data(const SpatialNormShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) {
  const Shape shape{s.N, s.H, s.W, s.C};
  check_tensor("spatial_norm: src", src, shape, s.type);
  check_tensor("spatial_norm: diff_dst", diff_dst, shape, s.type);
  check_tensor("spatial_norm: diff_src", diff_src, shape, s.type);
}

}  // namespace alexnet
