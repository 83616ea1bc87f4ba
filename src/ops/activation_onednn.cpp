// ReLU and tanh, any shape, in place or not. ReLU and the backward passes are plain loops over slices of the tensor, one per thread:
// oneDNN's ReLU turns NaN into 0, and these passes run at the speed of memory anyway. tanh is oneDNN's (it keeps NaN).
#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)

// The comparison is false for NaN, which is passed on.
ALEXNET_SIMD void relu_forward(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = src[i] <= 0 ? 0.0F : src[i];
}

ALEXNET_SIMD void relu_backward(const float* dst, const float* diff_dst, float* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = dst[i] > 0 ? diff_dst[i] : 0.0F;
}

ALEXNET_SIMD void tanh_backward(const float* dst, const float* diff_dst, float* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = diff_dst[i] * (1.0F - dst[i] * dst[i]);
}

// f(first, count) over [0, total) in slices, by the backend's threads.
template <class F>
void parallel_slices(std::int64_t total, F f) {
  constexpr std::int64_t kSlice = 1 << 14;  // elements: 64 KiB, so that small tensors stay on one thread
  const std::int64_t num_slices = (total + kSlice - 1) / kSlice;
#pragma omp parallel for schedule(static) if (num_slices > 1)
  for (std::int64_t slice = 0; slice < num_slices; ++slice) f(slice * kSlice, std::min(kSlice, total - slice * kSlice));
}

class ReluOnednn final : public Activation {
 public:
  explicit ReluOnednn(Shape shape) : shape_(std::move(shape)) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, src, dst);
    const float* x = src.data<float>();
    float* y = dst.data<float>();
    parallel_slices(shape_.count(), [=](std::int64_t at, std::int64_t count) { relu_forward(x + at, y + at, count); });
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, dst, diff_dst, diff_src);
    const float *y = dst.data<float>(), *dy = diff_dst.data<float>();
    float* dx = diff_src.data<float>();
    parallel_slices(shape_.count(), [=](std::int64_t at, std::int64_t count) { relu_backward(y + at, dy + at, dx + at, count); });
  }

 private:
  Shape shape_;
};

class TanhOnednn final : public Activation {
 public:
  explicit TanhOnednn(Shape shape) : shape_(std::move(shape)) {
    const std::string what = "tanh of " + shape_.str();
    guarded(what, [&] {
      const memory::desc desc = vector(shape_.count());
      const dnnl::eltwise_forward::primitive_desc pd({dnnl::prop_kind::forward_training, dnnl::algorithm::eltwise_tanh, desc, 0.0F, 0.0F},
                                                     attributes(), engine());
      forward_ = Call(what, dnnl::eltwise_forward(pd), pd.scratchpad_desc(), {{DNNL_ARG_SRC, desc}, {DNNL_ARG_DST, desc}});
    });
  }

  std::size_t scratch_bytes() const override { return forward_.scratchpad_bytes(); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, src, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(scratch_);
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, dst, diff_dst, diff_src);
    const float *y = dst.data<float>(), *dy = diff_dst.data<float>();
    float* dx = diff_src.data<float>();
    parallel_slices(shape_.count(), [=](std::int64_t at, std::int64_t count) { tanh_backward(y + at, dy + at, dx + at, count); });
  }

 private:
  Shape shape_;
  Call forward_;
};

}  // namespace

std::unique_ptr<Activation> make_activation_onednn(ActivationKind kind, const Shape& shape) {
  if (kind == ActivationKind::relu) return std::make_unique<ReluOnednn>(shape);
  return std::make_unique<TanhOnednn>(shape);
}

}  // namespace alexnet
