// Pointwise nonlinearities, any shape, in place or not. Most are plain loops over slices of the tensor, one per thread: oneDNN's ReLU
// turns NaN into 0, and these passes run at the speed of memory anyway. tanh and sigmoid forward are oneDNN's (they keep NaN).
#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <type_traits>

#include "alexnet/core/error.hpp"
#include "alexnet/core/simd.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)

// ReLU moves values or zeros, so its loops run over bit patterns: a choice between structs would stay a branch for each element, which
// a processor guesses wrong every other time (in bf16, 18 times as slow). NaN is not above 0, and neither is it at or below.
constexpr std::uint16_t kInfinityBf16 = 0x7f80;
[[gnu::always_inline]] inline bool is_above_zero(float x) { return x > 0; }
[[gnu::always_inline]] inline bool is_above_zero(BFloat16 x) { return static_cast<std::uint16_t>(x.bits - 1U) < kInfinityBf16; }
[[gnu::always_inline]] inline bool is_nan(float x) { return x != x; }
[[gnu::always_inline]] inline bool is_nan(BFloat16 x) { return (x.bits & 0x7fffU) > kInfinityBf16; }

template <class T>
using BitsOf = std::conditional_t<std::is_same_v<T, BFloat16>, std::uint16_t, std::uint32_t>;

template <class T>
[[gnu::always_inline]] inline T value_if(bool condition, T value) {
  return std::bit_cast<T>(static_cast<BitsOf<T>>(condition ? std::bit_cast<BitsOf<T>>(value) : 0));
}

template <class T>
ALEXNET_SIMD void relu_forward(const T* src, T* dst, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dst[i] = value_if(is_above_zero(src[i]) | is_nan(src[i]), src[i]);
}

template <class T>
ALEXNET_SIMD void relu_backward(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = value_if(is_above_zero(dst[i]), diff_dst[i]);
}

// dst = f(src) and diff_src = f(dst, diff_dst), computed in f32.
template <class T, class F>
ALEXNET_SIMD void map(const T* src, T* dst, std::int64_t count, F f) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = stored<T>(f(to_float(src[i])));
}

template <class T, class F>
ALEXNET_SIMD void map(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count, F f) {
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = stored<T>(f(to_float(dst[i]), to_float(diff_dst[i])));
}

// run(f) with the function of a value and its gradient, both as of ops/activation.hpp.
template <class Run>
void with_gradient(const ActivationFunction& function, Run run) {
  switch (function.kind) {
    case ActivationKind::leaky_relu:
      return run([slope = function.negative_slope](float y, float dy) { return y > 0.0F ? dy : slope * dy; });
    case ActivationKind::tanh:
      return run([](float y, float dy) { return dy * (1.0F - y * y); });
    case ActivationKind::sigmoid:
      return run([](float y, float dy) { return dy * (y * (1.0F - y)); });
    case ActivationKind::softsign:
      return run([](float y, float dy) { return dy * ((1.0F - std::abs(y)) * (1.0F - std::abs(y))); });
    case ActivationKind::relu:
      break;
  }
  fail(ExitCode::internal, "activation: relu has loops of its own");
}

class ActivationOnednn final : public Activation {
 public:
  ActivationOnednn(const ActivationFunction& function, Shape shape, DType type)
      : function_(function), shape_(std::move(shape)), type_(type) {
    if (function.kind == ActivationKind::tanh) forward_ = eltwise("tanh of " + shape_.str(), dnnl::algorithm::eltwise_tanh);
    if (function.kind == ActivationKind::sigmoid) forward_ = eltwise("sigmoid of " + shape_.str(), dnnl::algorithm::eltwise_logistic);
  }

  std::size_t scratch_bytes() const override { return forward_ ? forward_->scratchpad_bytes() : 0; }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, type_, src, dst);
    if (forward_) {
      forward_->set(DNNL_ARG_SRC, src.raw());
      forward_->set(DNNL_ARG_DST, dst.raw());
      forward_->run(scratch_);
      return;
    }
    with_storage_of(type_, [&]<class T>(T) {
      const T* x = src.data<T>();
      T* y = dst.data<T>();
      in_slices([&](std::int64_t at, std::int64_t count) {
        if (function_.kind == ActivationKind::relu) {
          relu_forward(x + at, y + at, count);
        } else if (function_.kind == ActivationKind::leaky_relu) {
          map(x + at, y + at, count, [slope = function_.negative_slope](float value) { return value > 0.0F ? value : slope * value; });
        } else {
          map(x + at, y + at, count, [](float value) { return value / (1.0F + std::abs(value)); });  // softsign
        }
      });
    });
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, type_, dst, diff_dst, diff_src);
    with_storage_of(type_, [&]<class T>(T) {
      const T *y = dst.data<T>(), *dy = diff_dst.data<T>();
      T* dx = diff_src.data<T>();
      if (function_.kind == ActivationKind::relu) {
        in_slices([=](std::int64_t at, std::int64_t count) { relu_backward(y + at, dy + at, dx + at, count); });
      } else {
        with_gradient(function_, [&](auto gradient) {
          in_slices([=](std::int64_t at, std::int64_t count) { map(y + at, dy + at, dx + at, count, gradient); });
        });
      }
    });
  }

 private:
  Call eltwise(const std::string& what, dnnl::algorithm algorithm) const {
    return guarded(what, [&] {
      const memory::desc desc = vector(shape_.count(), type_);
      const dnnl::eltwise_forward::primitive_desc pd({dnnl::prop_kind::forward_training, algorithm, desc, 0.0F, 0.0F}, attributes(),
                                                     engine());
      return Call(what, dnnl::eltwise_forward(pd), pd.scratchpad_desc(), {{DNNL_ARG_SRC, desc}, {DNNL_ARG_DST, desc}});
    });
  }

  // f(first, count) over all elements in slices, a thread each.
  template <class F>
  void in_slices(F f) const {
    constexpr std::int64_t kSlice = 1 << 14;  // elements: 32 or 64 KiB, so that small tensors stay on one thread
    const std::int64_t total = shape_.count(), num_slices = (total + kSlice - 1) / kSlice;
#pragma omp parallel for schedule(static) num_threads(num_threads_) if (num_slices > 1)
    for (std::int64_t slice = 0; slice < num_slices; ++slice) f(slice * kSlice, std::min(kSlice, total - slice * kSlice));
  }

  ActivationFunction function_;
  Shape shape_;
  DType type_;
  int num_threads_ = omp_get_max_threads();
  std::optional<Call> forward_;  // tanh, sigmoid
};

}  // namespace

std::unique_ptr<Activation> make_activation_onednn(const ActivationFunction& function, const Shape& shape, DType type) {
  return std::make_unique<ActivationOnednn>(function, shape, type);
}

}  // namespace alexnet
