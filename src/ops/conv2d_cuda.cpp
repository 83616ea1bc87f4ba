// 2-D convolution on our own kernels: implicit GEMM, see kernels/conv2d.hpp.
#include "kernels/conv2d.hpp"

#include <algorithm>

#include "kernels/bias_gradient.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class Conv2dCuda final : public Conv2d {
 public:
  Conv2dCuda(const Conv2dShape& shape, Epilogue epilogue, CudaStream stream)
      : shape_(shape), relu_(epilogue == Epilogue::relu), stream_(stream) {}

  std::size_t scratch_bytes() const override {
    return std::max(conv2d_backward_weights_scratch_bytes(shape_), bias_gradient_scratch_bytes(pixels(), shape_.OC));
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    conv2d_forward(shape_, relu_, src.data<float>(), weights.data<float>(), bias.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    conv2d_backward_data(shape_, diff_dst.data<float>(), weights.data<float>(), diff_src.data<float>(), stream_);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    auto* scratch = reinterpret_cast<float*>(scratch_);
    conv2d_backward_weights(shape_, src.data<float>(), diff_dst.data<float>(), diff_weights.data<float>(), scratch, stream_);
    bias_gradient(pixels(), shape_.OC, diff_dst.data<float>(), diff_bias.data<float>(), scratch, stream_);
  }

 private:
  std::int64_t pixels() const { return shape_.N * shape_.OH * shape_.OW; }

  Conv2dShape shape_;
  bool relu_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Conv2d> make_conv2d_cuda(const Conv2dShape& shape, Epilogue epilogue, CudaStream stream) {
  return std::make_unique<Conv2dCuda>(shape, epilogue, stream);
}

}  // namespace alexnet
