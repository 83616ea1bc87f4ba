// ReLU and tanh, any shape, in place or not. ReLU and the backward passes are plain loops over slices of the tensor, one per thread:
// oneDNN's ReLU turns NaN into 0, and these passes run at the speed of memory anyway. tanh is oneDNN's (it keeps NaN).
#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)

// The comparison is false for NaN, which is passed on.
template <class T>
ALEXNET_SIMD void relu_forward(const T* src, T* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = to_float(src[i]) <= 0 ? T{0} : src[i];
}

template <class T>
ALEXNET_SIMD void relu_backward(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = to_float(dst[i]) > 0 ? diff_dst[i] : T{0};
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
