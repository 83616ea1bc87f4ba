#include "alexnet/ops/conv2d.hpp"

namespace alexnet {
namespace {

void check_src(const Conv2dShape& s, const char* what, const Tensor& t) { check_tensor(what, t, {s.N, s.IH, s.IW, s.IC}, s.src_type); }
void check_dst(const Conv2dShape& s, const char* what, const Tensor& t) { check_tensor(what, t, {s.N, s.OH, s.OW, s.OC}, s.dst_type); }
void check_weights(const Conv2dShape& s, const char* what, const Tensor& t) {
  check_tensor(what, t, {s.OC, s.KH, s.KW, s.IC / s.groups}, DType::f32);
}
void check_bias(const Conv2dShape& s, const char* what, const Tensor& t) { check_tensor(what, t, {s.OC}, DType::f32); }

}  // namespace

void check_forward(const Conv2dShape& s, const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) {
  check_src(s, "conv2d forward: src", src);
  check_weights(s, "conv2d forward: weights", weights);
  check_bias(s, "conv2d forward: bias", bias);
  check_dst(s, "conv2d forward: dst", dst);
}

void check_backward_data(const Conv2dShape& s, const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) {
  check_dst(s, "conv2d backward_data: diff_dst", diff_dst);
  check_weights(s, "conv2d backward_data: weights", weights);
  check_src(s, "conv2d backward_data: diff_src", diff_src);
}

void check_backward_weights(const Conv2dShape& s, const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights,
                            const Tensor& diff_bias) {
  check_src(s, "conv2d backward_weights: src", src);
  check_dst(s, "conv2d backward_weights: diff_dst", diff_dst);
  check_weights(s, "conv2d backward_weights: diff_weights", diff_weights);
  check_bias(s, "conv2d backward_weights: diff_bias", diff_bias);
}

}  // namespace alexnet
