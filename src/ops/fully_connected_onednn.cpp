// Fully connected layer on oneDNN: src as a matrix (N, IH*IW*IC) times the transposed weights (OC, IH*IW*IC).
//
// The weights stay in plain order, which a reorder of 18 ms would not pay for. Forward is a matmul: oneDNN's inner product on plain
// weights computes on one thread alone (9216 -> 4096, batch 128, two Zen 4 cores: 92 ms against 49; the backward passes use both).
// With groups, the layer is a grouped convolution whose kernel covers the picture.
#include <fmt/format.h>

#include <algorithm>

#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)
using dnnl::prop_kind;

std::string describe(const char* pass, const FullyConnectedShape& s) {
  return fmt::format("fully_connected {} of ({}, {}, {}, {}) to ({}, {})", pass, s.N, s.IH, s.IW, s.IC, s.N, s.OC);
}

class FullyConnectedOnednn final : public FullyConnected {
 public:
  FullyConnectedOnednn(const FullyConnectedShape& s, Epilogue epilogue) : shape_(s) {
    guarded(describe("forward", s), [&] { make_passes(epilogue); });
  }

  std::size_t scratch_bytes() const override {
    return std::max({forward_.scratchpad_bytes(), backward_data_.scratch_bytes(), backward_weights_.scratch_bytes()});
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_WEIGHTS, weights.raw());
    forward_.set(DNNL_ARG_BIAS, bias.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(scratch_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    backward_data_.set(DNNL_ARG_DIFF_DST, diff_dst.raw());
    backward_data_.set(DNNL_ARG_DIFF_SRC, diff_src.raw());
    backward_data_.run(weights.raw(), scratch_);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    backward_weights_.set(DNNL_ARG_SRC, src.raw());
    backward_weights_.set(DNNL_ARG_DIFF_DST, diff_dst.raw());
    backward_weights_.set(DNNL_ARG_DIFF_BIAS, diff_bias.raw());
    backward_weights_.run(diff_weights.raw(), scratch_);
  }

 private:
  void make_passes(Epilogue epilogue) {
    const FullyConnectedShape& s = shape_;
    const std::int64_t K = s.num_inputs();
    const memory::desc src = matrix(s.N, K), weights = matrix(s.OC, K), bias = vector(s.OC), dst = matrix(s.N, s.OC);

    const memory::desc transposed({K, s.OC}, memory::data_type::f32, memory::format_tag::ba);
    const memory::desc bias_row = matrix(1, s.OC);
    std::string what = describe("forward", s);
    const dnnl::matmul::primitive_desc product({src, transposed, bias_row, dst}, attributes(epilogue), engine());
    forward_ = Call(what, dnnl::matmul(product), product.scratchpad_desc(),
                    {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, transposed}, {DNNL_ARG_BIAS, bias_row}, {DNNL_ARG_DST, dst}});

    // What oneDNN asks for as a hint to the backward passes.
    const dnnl::inner_product_forward::primitive_desc forward({prop_kind::forward_training, src, weights, bias, dst}, engine());
    const dnnl::inner_product_backward_data::primitive_desc data({src, weights, dst}, attributes(), engine(), forward);
    what = describe("backward_data", s);
    backward_data_ = WeightsPass(what,
                                 Call(what, dnnl::inner_product_backward_data(data), data.scratchpad_desc(),
                                      {{DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, src}}),
                                 DNNL_ARG_WEIGHTS, weights, data.weights_desc());

    const dnnl::inner_product_backward_weights::primitive_desc diff({src, weights, bias, dst}, attributes(), engine(), forward);
    what = describe("backward_weights", s);
    backward_weights_ =
        WeightsPass(what,
                    Call(what, dnnl::inner_product_backward_weights(diff), diff.scratchpad_desc(),
                         {{DNNL_ARG_SRC, src}, {DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_DIFF_WEIGHTS, weights}, {DNNL_ARG_DIFF_BIAS, bias}}),
                    DNNL_ARG_DIFF_WEIGHTS, weights, diff.diff_weights_desc());
  }

  FullyConnectedShape shape_;
  Call forward_;
  WeightsPass backward_data_, backward_weights_;
};

// (OC, IH, IW, IC/groups) weights are already a convolution's in OHWI order.
class GroupedFullyConnectedOnednn final : public FullyConnected {
 public:
  GroupedFullyConnectedOnednn(const FullyConnectedShape& s, Epilogue epilogue)
      : shape_(s), conv2d_(make_conv2d_onednn({s.N, s.IH, s.IW, s.IC, 1, 1, s.OC, s.IH, s.IW, 1, 1, Padding{}, s.groups}, epilogue)) {}

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
