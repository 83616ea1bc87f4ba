// ReLU and tanh on the GPU.
#include "alexnet/ops/activation.hpp"

#include "kernels/relu.hpp"
#include "kernels/tanh.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class ActivationCuda final : public Activation {
 public:
  ActivationCuda(ActivationKind kind, Shape shape, CudaStream stream) : kind_(kind), shape_(std::move(shape)), stream_(stream) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, DType::f32, src, dst);
    const auto run = kind_ == ActivationKind::relu ? relu_forward : tanh_forward;
    run(shape_.count(), src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, DType::f32, dst, diff_dst, diff_src);
    const auto run = kind_ == ActivationKind::relu ? relu_backward_data : tanh_backward_data;
    run(shape_.count(), dst.data<float>(), diff_dst.data<float>(), diff_src.data<float>(), stream_);
  }

 private:
  ActivationKind kind_;
  Shape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Activation> make_activation_cuda(ActivationKind kind, const Shape& shape, CudaStream stream) {
  return std::make_unique<ActivationCuda>(kind, shape, stream);
}

}  // namespace alexnet
