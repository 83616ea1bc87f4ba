// 2-D convolution on oneDNN: direct algorithm, activations NHWC. Where fewer products pay, conv2d_winograd_onednn.cpp takes the shape.
//
// oneDNN chooses the order of the weights (blocks of 16 channels and more); they are reordered from and to OHWI in scratch in every
// call: 9 MB for AlexNet's five layers, below 1 % of a step at batch 128. Those run at 92 to 125 GFLOP/s per Zen 4 core in every pass
// (batch 32). With stride 1, backward_data is a forward convolution with the weights turned around: oneDNN's forward kernels (brgconv)
// are 5 to 10 % faster than those that it has for the gradient, in bf16 too. A fused ReLU turns NaN into 0: see conv2d.hpp.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <string_view>

#include "ops/onednn_ops.hpp"
#include "ops/weighted_onednn.hpp"

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

class Conv2dOnednn final : public WeightedOnednn<Conv2d, Conv2dShape> {
 public:
  Conv2dOnednn(const Conv2dShape& s, Epilogue epilogue) : WeightedOnednn(s) {
    guarded(describe("forward", s), [&] { make_passes(epilogue); });
  }

  std::size_t scratch_bytes() const override {
    return std::max(WeightedOnednn::scratch_bytes(), turned_bytes() + backward_data_.scratch_bytes());
  }

  // In bf16 oneDNN 2.6.3 may leave the gradient of weights that see nothing but padding unwritten.
  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    WeightedOnednn::backward_weights(src, diff_dst, diff_weights, diff_bias);
    const std::int64_t inputs = shape_.IC / shape_.groups;
    for (std::int64_t y = 0; y < shape_.KH; ++y) {
      for (std::int64_t x = 0; x < shape_.KW; ++x) {
        if (sees(y, shape_.pad.top, shape_.SH, shape_.IH, shape_.OH) && sees(x, shape_.pad.left, shape_.SW, shape_.IW, shape_.OW)) continue;
        for (std::int64_t o = 0; o < shape_.OC; ++o)
          std::fill_n(diff_weights.data<float>() + ((o * shape_.KH + y) * shape_.KW + x) * inputs, inputs, 0.0F);
      }
    }
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    if (!turns_weights()) return WeightedOnednn::backward_data(diff_dst, weights, diff_src);
    check_backward_data(shape_, diff_dst, weights, diff_src);
    backward_data_.set(DNNL_ARG_SRC, diff_dst.raw());
    backward_data_.set(DNNL_ARG_DST, diff_src.raw());
    turn(weights.data<float>(), reinterpret_cast<float*>(scratch_));
    backward_data_.run(scratch_, scratch_ + turned_bytes());
  }

 private:
  // Whether a row of the window lies on the picture for any row of outputs; columns likewise.
  static bool sees(std::int64_t tap, std::int64_t pad, std::int64_t stride, std::int64_t extent, std::int64_t outputs) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      const std::int64_t at = o * stride - pad + tap;
      if (at >= 0 && at < extent) return true;
    }
    return false;
  }

  // oneDNN 2.6.3's first choice writes beyond its scratch or dst, or not at all, at some shapes (tests/ops/drawn_shapes_test.cpp found
  // them; the paper's networks have none): then another of its implementations.
  template <class PrimitiveDesc>
  PrimitiveDesc sound(PrimitiveDesc pd) const {
    const Conv2dShape& s = shape_;
    const bool has_stride = s.SH > 1 || s.SW > 1;
    const bool is_pointwise = s.KH == 1 && s.KW == 1 && s.IC / s.groups % 16 != 0, is_narrow = s.src_type == DType::bf16 && s.OW <= 2;
    const auto is_avoided = [&](std::string_view name) {
      return has_stride && ((is_pointwise && name.find("1x1") != name.npos) || (is_narrow && name.find("avx512_core_bf16") != name.npos));
    };
    while (is_avoided(pd.impl_info_str()) && pd.next_impl()) {
    }
    return pd;
  }

  struct WeightsDescs {
    memory::desc plain, any;
  };
  // OHWI weights of a convolution as oneDNN sees them: {OC, IC, KH, KW}, with groups {groups, OC/groups, IC/groups, KH, KW}.
  WeightsDescs describe_weights(std::int64_t outputs_of_group, std::int64_t inputs_of_group) const {
    const std::int64_t KH = shape_.KH, KW = shape_.KW, O = outputs_of_group, I = inputs_of_group;
    memory::dims extents{O, I, KH, KW}, strides{KH * KW * I, 1, KW * I, I};
    if (shape_.groups > 1) {
      extents.insert(extents.begin(), shape_.groups);
      strides.insert(strides.begin(), O * KH * KW * I);
    }
    return {memory::desc(extents, memory::data_type::f32, strides), any_format(extents, shape_.src_type)};
  }

  void make_passes(Epilogue epilogue) {
    const Conv2dShape& s = shape_;
    const memory::desc src = nhwc(s.N, s.IH, s.IW, s.IC, s.src_type), dst = nhwc(s.N, s.OH, s.OW, s.OC, s.dst_type),
                       diff_dst = nhwc(s.N, s.OH, s.OW, s.OC, s.src_type), bias = vector(s.OC);
    round_diff_dst(describe("backward", s), dst, diff_dst);
    const memory::dims strides{s.SH, s.SW}, before{s.pad.top, s.pad.left}, after{s.pad.bottom, s.pad.right};
    const auto [plain, weights] = describe_weights(s.OC / s.groups, s.IC / s.groups);
    const memory::desc diff_weights = any_format(weights.dims(), DType::f32);

    const dnnl::convolution_forward::desc forward(
        {prop_kind::forward_training, algorithm::convolution_direct, src, weights, bias, dst, strides, before, after});
    const auto forward_pd = sound(dnnl::convolution_forward::primitive_desc(forward, attributes(epilogue), engine()));
    std::string what = describe("forward", s);
    forward_ =
        WeightsPass(what,
                    Call(what, dnnl::convolution_forward(forward_pd), forward_pd.scratchpad_desc(),
                         {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, forward_pd.weights_desc()}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}}),
                    DNNL_ARG_WEIGHTS, plain, forward_pd.weights_desc());

    what = describe("backward_data", s);
    if (turns_weights()) {
      const auto [turned_plain, turned] = describe_weights(s.IC / s.groups, s.OC / s.groups);
      const memory::dims turned_before{s.KH - 1 - s.pad.top, s.KW - 1 - s.pad.left};
      const memory::dims turned_after{s.KH - 1 - s.pad.bottom, s.KW - 1 - s.pad.right};
      const dnnl::convolution_forward::desc data(prop_kind::forward_training, algorithm::convolution_direct, dst, turned, src, strides,
                                                 turned_before, turned_after);
      const dnnl::convolution_forward::primitive_desc data_pd(data, attributes(), engine());
      backward_data_ = WeightsPass(what,
                                   Call(what, dnnl::convolution_forward(data_pd), data_pd.scratchpad_desc(),
                                        {{DNNL_ARG_SRC, dst}, {DNNL_ARG_WEIGHTS, data_pd.weights_desc()}, {DNNL_ARG_DST, src}}),
                                   DNNL_ARG_WEIGHTS, turned_plain, data_pd.weights_desc());
    } else {
      const dnnl::convolution_backward_data::desc data(algorithm::convolution_direct, src, weights, diff_dst, strides, before, after);
      const auto data_pd = sound(dnnl::convolution_backward_data::primitive_desc(data, attributes(), engine(), forward_pd));
      backward_data_ =
          WeightsPass(what,
                      Call(what, dnnl::convolution_backward_data(data_pd), data_pd.scratchpad_desc(),
                           {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, data_pd.weights_desc()}, {DNNL_ARG_DIFF_SRC, src}}),
                      DNNL_ARG_WEIGHTS, plain, data_pd.weights_desc());
    }

    const dnnl::convolution_backward_weights::desc diff(algorithm::convolution_direct, src, diff_weights, bias, diff_dst, strides, before,
                                                        after);
    const auto diff_pd = sound(dnnl::convolution_backward_weights::primitive_desc(diff, attributes(), engine(), forward_pd));
    what = describe("backward_weights", s);
    backward_weights_ = WeightsPass(what,
                                    Call(what, dnnl::convolution_backward_weights(diff_pd), diff_pd.scratchpad_desc(),
                                         {{DNNL_ARG_SRC, src},
                                          {DNNL_ARG_DIFF_DST, diff_dst},
                                          {DNNL_ARG_DIFF_WEIGHTS, diff_pd.diff_weights_desc()},
                                          {DNNL_ARG_DIFF_BIAS, bias}}),
                                    DNNL_ARG_DIFF_WEIGHTS, plain, diff_pd.diff_weights_desc());
  }

  // With stride 1, diff_src is the convolution of diff_dst with the weights turned around: inputs and outputs change places, and the
  // window is read from its end. It pays where the channels of a group fill a vector.
  bool turns_weights() const {
    const Conv2dShape& s = shape_;
    return s.src_type == s.dst_type && s.SH == 1 && s.SW == 1 && s.IC / s.groups >= 16 && s.OC / s.groups >= 16;
  }
  std::size_t turned_bytes() const {
    return turns_weights() ? aligned_bytes(static_cast<std::size_t>(shape_.num_weights()) * sizeof(float)) : 0;
  }
  // (groups, outputs, window, inputs) to (groups, inputs, window backwards, outputs), in squares that fit the first-level cache.
  void turn(const float* weights, float* turned) const {
    constexpr std::int64_t kSquare = 32;
    const std::int64_t window = shape_.KH * shape_.KW, O = shape_.OC / shape_.groups, I = shape_.IC / shape_.groups;
#pragma omp parallel for collapse(2) schedule(static) num_threads(num_threads_)
    for (std::int64_t g = 0; g < shape_.groups; ++g) {
      for (std::int64_t k = 0; k < window; ++k) {
        const float* from = weights + (g * O * window + k) * I;
        float* to = turned + (g * I * window + window - 1 - k) * O;
        for (std::int64_t first_o = 0; first_o < O; first_o += kSquare) {
          for (std::int64_t first_i = 0; first_i < I; first_i += kSquare) {
            for (std::int64_t i = first_i; i < std::min(first_i + kSquare, I); ++i) {
              for (std::int64_t o = first_o; o < std::min(first_o + kSquare, O); ++o) to[i * window * O + o] = from[o * window * I + i];
            }
          }
        }
      }
    }
  }

  int num_threads_ = omp_get_max_threads();
};

}  // namespace

std::unique_ptr<Conv2d> make_conv2d_onednn(const Conv2dShape& shape, Epilogue epilogue) {
  if (conv2d_winograd_pays(shape)) return make_conv2d_winograd_onednn(shape, epilogue);
  std::unique_ptr<Conv2d> conv2d = std::make_unique<Conv2dOnednn>(shape, epilogue);
  if (conv2d_of_picture_rows_pays(shape)) conv2d = make_conv2d_of_picture_rows_onednn(shape, epilogue, std::move(conv2d));
  if (conv2d_of_pairs_pays(shape)) return make_conv2d_of_pairs_onednn(shape, std::move(conv2d));
  if (!conv2d_of_pictures_pays(shape)) return conv2d;
  return make_conv2d_of_pictures_onednn(shape, std::move(conv2d));
}

}  // namespace alexnet
