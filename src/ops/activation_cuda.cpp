// Pointwise nonlinearities on the GPU.
#include "alexnet/ops/activation.hpp"

#include "kernels/activation.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class ActivationCuda final : public Activation {
 public:
  ActivationCuda(const ActivationFunction& function, Shape shape, CudaStream stream)
      : function_(function), shape_(std::move(shape)), stream_(stream) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, DType::f32, src, dst);
    activation_forward(function_, shape_.count(), src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& dst, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, DType::f32, dst, diff_dst, diff_src);
    activation_backward_data(function_, shape_.count(), dst.data<float>(), diff_dst.data<float>(), diff_src.data<float>(), stream_);
  }

 private:
  ActivationFunction function_;
  Shape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Activation> make_activation_cuda(const ActivationFunction& function, const Shape& shape, CudaStream stream) {
  return std::make_unique<ActivationCuda>(function, shape, stream);
}

}  // namespace alexnet
