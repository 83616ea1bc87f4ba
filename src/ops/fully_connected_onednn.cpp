// Fully connected layer on oneDNN: src as a matrix (N, IH*IW*IC) times the transposed weights (OC, IH*IW*IC).
//
// The weights stay in plain order: oneDNN's own takes a reorder of 18 ms in f32, and of 60 to and from bf16 (9216 -> 4096, two Zen 4
// cores), which it does not pay for; rounding them in plain order takes 5 to 8, which forward does for backward_data too. Forward is a
// matmul: oneDNN's inner product on plain f32 weights computes on one thread alone (batch 128: 92 ms against 49; the backward passes use
// both). With groups, the layer is a grouped convolution whose kernel covers the picture.
#include <fmt/format.h>

#include "ops/onednn_ops.hpp"
#include "ops/weighted_onednn.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)
using dnnl::prop_kind;

std::string describe(const char* pass, const FullyConnectedShape& s) {
  return fmt::format("fully_connected {} of ({}, {}, {}, {}) to ({}, {})", pass, s.N, s.IH, s.IW, s.IC, s.N, s.OC);
}

class FullyConnectedOnednn final : public WeightedOnednn<FullyConnected, FullyConnectedShape> {
 public:
  FullyConnectedOnednn(const FullyConnectedShape& s, Epilogue epilogue) : WeightedOnednn(s) {
    guarded(describe("forward", s), [&] { make_passes(epilogue); });
  }

 private:
  void make_passes(Epilogue epilogue) {
    const FullyConnectedShape& s = shape_;
    const std::int64_t K = s.num_inputs();
    const memory::desc src = matrix(s.N, K, s.src_type), dst = matrix(s.N, s.OC, s.dst_type), diff_dst = matrix(s.N, s.OC, s.src_type);
    const memory::desc weights = matrix(s.OC, K), read = matrix(s.OC, K, s.src_type), bias = vector(s.OC), bias_row = matrix(1, s.OC);
    const auto transposed = [&](DType type) { return memory::desc({K, s.OC}, data_type(type), memory::format_tag::ba); };
    round_diff_dst(describe("backward", s), dst, diff_dst);

    std::string what = describe("forward", s);
    const dnnl::matmul::primitive_desc product({src, transposed(s.src_type), bias_row, dst}, attributes(epilogue), engine());
    forward_ =
        WeightsPass(what,
                    Call(what, dnnl::matmul(product), product.scratchpad_desc(),
                         {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, product.weights_desc()}, {DNNL_ARG_BIAS, bias_row}, {DNNL_ARG_DST, dst}}),
                    DNNL_ARG_WEIGHTS, transposed(DType::f32), product.weights_desc());

    keeps_weights_ = true;  // backward_data reads plain order as well

    // What oneDNN asks for as a hint to the backward passes.
    const dnnl::inner_product_forward::primitive_desc forward({prop_kind::forward_training, src, read, bias, diff_dst}, engine());
    const dnnl::inner_product_backward_data::primitive_desc data({src, read, diff_dst}, attributes(), engine(), forward);
    what = describe("backward_data", s);
    backward_data_ = WeightsPass(what,
                                 Call(what, dnnl::inner_product_backward_data(data), data.scratchpad_desc(),
                                      {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, data.weights_desc()}, {DNNL_ARG_DIFF_SRC, src}}),
                                 DNNL_ARG_WEIGHTS, weights, data.weights_desc());

    const dnnl::inner_product_backward_weights::primitive_desc diff({src, weights, bias, diff_dst}, attributes(), engine(), forward);
    what = describe("backward_weights", s);
    backward_weights_ = WeightsPass(what,
                                    Call(what, dnnl::inner_product_backward_weights(diff), diff.scratchpad_desc(),
                                         {{DNNL_ARG_SRC, src},
                                          {DNNL_ARG_DIFF_DST, diff_dst},
                                          {DNNL_ARG_DIFF_WEIGHTS, diff.diff_weights_desc()},
                                          {DNNL_ARG_DIFF_BIAS, bias}}),
                                    DNNL_ARG_DIFF_WEIGHTS, weights, diff.diff_weights_desc());
  }
};

// (OC, IH, IW, IC/groups) weights are already a convolution's in OHWI order.
class GroupedFullyConnectedOnednn final : public FullyConnected {
 public:
  GroupedFullyConnectedOnednn(const FullyConnectedShape& s, Epilogue epilogue)
      : shape_(s),
        conv2d_(make_conv2d_onednn({s.N, s.IH, s.IW, s.IC, 1, 1, s.OC, s.IH, s.IW, 1, 1, Padding{}, s.groups, s.src_type, s.dst_type},
                                   epilogue)) {}

  std::size_t scratch_bytes() const override { return conv2d_->scratch_bytes(); }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    conv2d_->bind(nullptr, scratch_);
    conv2d_->forward(as_src(src), as_weights(weights), bias, as_dst(dst));
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    conv2d_->bind(nullptr, scratch_);
    conv2d_->backward_data(as_dst(diff_dst), as_weights(weights), as_src(diff_src));
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    conv2d_->bind(nullptr, scratch_);
    conv2d_->backward_weights(as_src(src), as_dst(diff_dst), as_weights(diff_weights), diff_bias);
  }

 private:
  Tensor as_src(const Tensor& t) const { return t.reshaped({shape_.N, shape_.IH, shape_.IW, shape_.IC}); }
  Tensor as_dst(const Tensor& t) const { return t.reshaped({shape_.N, 1, 1, shape_.OC}); }
  Tensor as_weights(const Tensor& t) const { return t.reshaped({shape_.OC, shape_.IH, shape_.IW, shape_.IC / shape_.groups}); }

  FullyConnectedShape shape_;
  std::unique_ptr<Conv2d> conv2d_;
};

}  // namespace

std::unique_ptr<FullyConnected> make_fully_connected_onednn(const FullyConnectedShape& shape, Epilogue epilogue) {
  if (shape.groups > 1) return std::make_unique<GroupedFullyConnectedOnednn>(shape, epilogue);
  return std::make_unique<FullyConnectedOnednn>(shape, epilogue);
}

}  // namespace alexnet
