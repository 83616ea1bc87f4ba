// ReLU and tanh, any shape, in place or not. ReLU and the backward passes are plain loops over slices of the tensor, one per thread:
// oneDNN's ReLU turns NaN into 0, and these passes run at the speed of memory anyway. tanh is oneDNN's (it keeps NaN).
#include <omp.h>

#include <algorithm>
#include <bit>
#include <type_traits>

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

template <class T>
ALEXNET_SIMD void tanh_backward(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float y = to_float(dst[i]);
    diff_src[i] = stored<T>(to_float(diff_dst[i]) * (1.0F - y * y));
  }
}

// f(first, count) over [0, total) in slices.
template <class F>
void parallel_slices(std::int64_t total, int num_threads, F f) {
  constexpr std::int64_t kSlice = 1 << 14;  // elements: 32 or 64 KiB, so that small tensors stay on one thread
  const std::int64_t num_slices = (total + kSlice - 1) / kSlice;
#pragma omp parallel for schedule(static) num_threads(num_threads) if (num_slices > 1)
  for (std::int64_t slice = 0; slice < num_slices; ++slice) f(slice * kSlice, std::min(kSlice, total - slice * kSlice));
}

class ReluOnednn final : public Activation {
 public:
  ReluOnednn(Shape shape, DType type) : shape_(std::move(shape)), type_(type) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, type_, src, dst);
    with_storage_of(type_, [&]<class T>(T) {
      const T* x = src.data<T>();
      T* y = dst.data<T>();
      parallel_slices(shape_.count(), num_threads_, [=](std::int64_t at, std::int64_t count) { relu_forward(x + at, y + at, count); });
    });
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, type_, dst, diff_dst, diff_src);
    with_storage_of(type_, [&]<class T>(T) {
      const T *y = dst.data<T>(), *dy = diff_dst.data<T>();
      T* dx = diff_src.data<T>();
      parallel_slices(shape_.count(), num_threads_,
                      [=](std::int64_t at, std::int64_t count) { relu_backward(y + at, dy + at, dx + at, count); });
    });
  }

 private:
  Shape shape_;
  DType type_;
  int num_threads_ = omp_get_max_threads();
};

class TanhOnednn final : public Activation {
 public:
  TanhOnednn(Shape shape, DType type) : shape_(std::move(shape)), type_(type) {
    const std::string what = "tanh of " + shape_.str();
    guarded(what, [&] {
      const memory::desc desc = vector(shape_.count(), type);
      const dnnl::eltwise_forward::primitive_desc pd({dnnl::prop_kind::forward_training, dnnl::algorithm::eltwise_tanh, desc, 0.0F, 0.0F},
                                                     attributes(), engine());
      forward_ = Call(what, dnnl::eltwise_forward(pd), pd.scratchpad_desc(), {{DNNL_ARG_SRC, desc}, {DNNL_ARG_DST, desc}});
    });
  }

  std::size_t scratch_bytes() const override { return forward_.scratchpad_bytes(); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, type_, src, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(scratch_);
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, type_, dst, diff_dst, diff_src);
    with_storage_of(type_, [&]<class T>(T) {
      const T *y = dst.data<T>(), *dy = diff_dst.data<T>();
      T* dx = diff_src.data<T>();
      parallel_slices(shape_.count(), num_threads_,
                      [=](std::int64_t at, std::int64_t count) { tanh_backward(y + at, dy + at, dx + at, count); });
    });
  }

 private:
  Shape shape_;
  DType type_;
  int num_threads_ = omp_get_max_threads();
  Call forward_;
};

}  // namespace

std::unique_ptr<Activation> make_activation_onednn(ActivationKind kind, const Shape& shape, DType type) {
  if (kind == ActivationKind::relu) return std::make_unique<ReluOnednn>(shape, type);
  return std::make_unique<TanhOnednn>(shape, type);
}

}  // namespace alexnet
