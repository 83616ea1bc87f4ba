#include "alexnet/ops/fully_connected.hpp"

namespace alexnet {
namespace {

// Tensors may come as (N, H, W, C) or as the matrix (N, H*W*C): the same bytes.
void check_matrix(const char* what, const Tensor& t, std::int64_t N, std::int64_t H, std::int64_t W, std::int64_t C, DType type) {
  check_tensor(what, t, t.shape().rank() == 2 ? Shape{N, H * W * C} : Shape{N, H, W, C}, type);
}
void check_src(const FullyConnectedShape& s, const char* what, const Tensor& t) {
  check_matrix(what, t, s.N, s.IH, s.IW, s.IC, s.src_type);
}
void check_dst(const FullyConnectedShape& s, const char* what, const Tensor& t) { check_matrix(what, t, s.N, 1, 1, s.OC, s.dst_type); }
void check_weights(const FullyConnectedShape& s, const char* what, const Tensor& t) {
  check_matrix(what, t, s.OC, s.IH, s.IW, s.IC / s.groups, DType::f32);
}
void check_bias(const FullyConnectedShape& s, const char* what, const Tensor& t) { check_tensor(what, t, {s.OC}, DType::f32); }

}  // namespace

void check_forward(const FullyConnectedShape& s, const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) {
  check_src(s, "fully_connected forward: src", src);
  check_weights(s, "fully_connected forward: weights", weights);
  check_bias(s, "fully_connected forward: bias", bias);
  check_dst(s, "fully_connected forward: dst", dst);
}

void check_backward_data(const FullyConnectedShape& s, const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) {
  check_dst(s, "fully_connected backward_data: diff_dst", diff_dst);
  check_weights(s, "fully_connected backward_data: weights", weights);
  check_src(s, "fully_connected backward_data: diff_src", diff_src);
}

void check_backward_weights(const FullyConnectedShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights,
                            const Tensor& diff_bias) {
  check_src(s, "fully_connected backward_weights: src", src);
  check_dst(s, "fully_connected backward_weights: diff_dst", diff_dst);
  check_weights(s, "fully_connected backward_weights: diff_weights", diff_weights);
  check_bias(s, "fully_connected backward_weights: diff_bias", diff_bias);
}

}  // namespace alexnet
