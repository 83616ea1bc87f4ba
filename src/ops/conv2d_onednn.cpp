// 2-D convolution on oneDNN: direct algorithm (exact for integers, unlike Winograd), activations NHWC.
//
// oneDNN chooses the order of the weights (blocks of 16 channels and more); they are reordered from and to OHWI in scratch in every
// call: 9 MB for all five layers, below 1 % of a step at batch 128. The five layers run at 92 to 125 GFLOP/s per Zen 4 core in every
// pass (batch 32). A fused ReLU turns NaN into 0: see conv2d.hpp.
#include <fmt/format.h>

#include <algorithm>

#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)
using dnnl::algorithm;
using dnnl::prop_kind;

std::string describe(const char* pass, const Conv2dShape& s) {
  return fmt::format("conv2d {} of ({}, {}, {}, {}) to ({}, {}, {}, {}), kernel {}x{}, stride {}x{}, pad {},{},{},{}, groups {}", pass, s.N,
                     s.IH, s.IW, s.IC, s.N, s.OH, s.OW, s.OC, s.KH, s.KW, s.SH, s.SW, s.pad.top, s.pad.left, s.pad.bottom, s.pad.right,
                     s.groups);
}

class Conv2dOnednn final : public Conv2d {
 public:
  Conv2dOnednn(const Conv2dShape& s, Epilogue epilogue) : shape_(s) {
    guarded(describe("forward", s), [&] { make_passes(epilogue); });
  }

  std::size_t scratch_bytes() const override {
    return std::max({forward_.scratch_bytes(), backward_data_.scratch_bytes(), backward_weights_.scratch_bytes()});
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_BIAS, bias.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(weights.raw(), scratch_);
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
    const Conv2dShape& s = shape_;
    const memory::desc src = nhwc(s.N, s.IH, s.IW, s.IC), dst = nhwc(s.N, s.OH, s.OW, s.OC), bias = vector(s.OC);
    const memory::dims strides{s.SH, s.SW}, before{s.pad.top, s.pad.left}, after{s.pad.bottom, s.pad.right};
    // oneDNN wants {OC, IC, KH, KW}, and with groups {groups, OC/groups, IC/groups, KH, KW}: strides over (OC, KH, KW, IC/groups).
    const std::int64_t OCG = s.OC / s.groups, ICG = s.IC / s.groups;
    memory::dims extents{OCG, ICG, s.KH, s.KW}, weights_strides{s.KH * s.KW * ICG, 1, s.KW * ICG, ICG};
    if (s.groups > 1) {
      extents.insert(extents.begin(), s.groups);
      weights_strides.insert(weights_strides.begin(), OCG * s.KH * s.KW * ICG);
    }
    const memory::desc plain(extents, memory::data_type::f32, weights_strides);
    const memory::desc weights = any_format(extents);

    const dnnl::convolution_forward::desc forward(
        {prop_kind::forward_training, algorithm::convolution_direct, src, weights, bias, dst, strides, before, after});
    const dnnl::convolution_forward::primitive_desc forward_pd(forward, attributes(epilogue), engine());
    std::string what = describe("forward", s);
    forward_ =
        WeightsPass(what,
                    Call(what, dnnl::convolution_forward(forward_pd), forward_pd.scratchpad_desc(),
                         {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, forward_pd.weights_desc()}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}}),
                    DNNL_ARG_WEIGHTS, plain, forward_pd.weights_desc());

    const dnnl::convolution_backward_data::desc data(algorithm::convolution_direct, src, weights, dst, strides, before, after);
    const dnnl::convolution_backward_data::primitive_desc data_pd(data, attributes(), engine(), forward_pd);
    what = describe("backward_data", s);
    backward_data_ = WeightsPass(what,
                                 Call(what, dnnl::convolution_backward_data(data_pd), data_pd.scratchpad_desc(),
                                      {{DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_WEIGHTS, data_pd.weights_desc()}, {DNNL_ARG_DIFF_SRC, src}}),
                                 DNNL_ARG_WEIGHTS, plain, data_pd.weights_desc());

    const dnnl::convolution_backward_weights::desc diff(algorithm::convolution_direct, src, weights, bias, dst, strides, before, after);
    const dnnl::convolution_backward_weights::primitive_desc diff_pd(diff, attributes(), engine(), forward_pd);
    what = describe("backward_weights", s);
    backward_weights_ = WeightsPass(what,
                                    Call(what, dnnl::convolution_backward_weights(diff_pd), diff_pd.scratchpad_desc(),
                                         {{DNNL_ARG_SRC, src},
                                          {DNNL_ARG_DIFF_DST, dst},
                                          {DNNL_ARG_DIFF_WEIGHTS, diff_pd.diff_weights_desc()},
                                          {DNNL_ARG_DIFF_BIAS, bias}}),
                                    DNNL_ARG_DIFF_WEIGHTS, plain, diff_pd.diff_weights_desc());
  }

  Conv2dShape shape_;
  WeightsPass forward_, backward_data_, backward_weights_;
};

}  // namespace

std::unique_ptr<Conv2d> make_conv2d_onednn(const Conv2dShape& shape, Epilogue epilogue) {
  auto conv2d = std::make_unique<Conv2dOnednn>(shape, epilogue);
  if (!conv2d_of_pictures_pays(shape)) return conv2d;
  return make_conv2d_of_pictures_onednn(shape, std::move(conv2d));
}

}  // namespace alexnet
