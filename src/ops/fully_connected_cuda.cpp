// Fully connected layer on cuBLASLt: src as a matrix (N, IH*IW*IC) times the transposed weights (OC, IH*IW*IC), bias and ReLU in its
// epilogue; the bias gradient is a kernel of ours. With groups, the layer is a grouped convolution whose kernel covers the picture.
#include <algorithm>

#include "kernels/bias_gradient.hpp"
#include "ops/matmul_cuda.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class FullyConnectedCuda final : public FullyConnected {
 public:
  FullyConnectedCuda(const FullyConnectedShape& s, Epilogue epilogue, const std::shared_ptr<CublasLt>& cublaslt, CudaStream stream)
      : shape_(s),
        forward_({s.N, s.OC, s.num_inputs(), false, true, true, epilogue == Epilogue::relu}, cublaslt),
        backward_data_({s.N, s.num_inputs(), s.OC, false, false, false, false}, cublaslt),
        backward_weights_({s.OC, s.num_inputs(), s.N, true, false, false, false}, cublaslt),
        stream_(stream) {}

  std::size_t scratch_bytes() const override {
    return std::max({forward_.scratch_bytes(), backward_data_.scratch_bytes(), backward_weights_.scratch_bytes(),
                     bias_gradient_scratch_bytes(shape_.N, shape_.OC)});
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    forward_.run(src.data<float>(), weights.data<float>(), bias.data<float>(), dst.data<float>(), scratch_, stream_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    backward_data_.run(diff_dst.data<float>(), weights.data<float>(), nullptr, diff_src.data<float>(), scratch_, stream_);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    backward_weights_.run(diff_dst.data<float>(), src.data<float>(), nullptr, diff_weights.data<float>(), scratch_, stream_);
    bias_gradient(shape_.N, shape_.OC, diff_dst.data<float>(), diff_bias.data<float>(), reinterpret_cast<float*>(scratch_), stream_);
  }

 private:
  FullyConnectedShape shape_;
  Matmul forward_, backward_data_, backward_weights_;
  CudaStream stream_;
};

class GroupedFullyConnectedCuda final : public FullyConnected {
 public:
  GroupedFullyConnectedCuda(const FullyConnectedShape& s, Epilogue epilogue, CudaStream stream)
      : shape_(s), convolution_(make_conv2d_cuda({s.N, s.IH, s.IW, s.IC, 1, 1, s.OC, s.IH, s.IW, 1, 1, {}, s.groups}, epilogue, stream)) {}

  std::size_t scratch_bytes() const override { return convolution_->scratch_bytes(); }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    convolution_->forward(as_src(src), as_weights(weights), bias, as_dst(dst));
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    convolution_->backward_data(as_dst(diff_dst), as_weights(weights), as_src(diff_src));
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    convolution_->bind(nullptr, scratch_);
    convolution_->backward_weights(as_src(src), as_dst(diff_dst), as_weights(diff_weights), diff_bias);
  }

 private:
  Tensor as_src(const Tensor& t) const { return t.reshaped({shape_.N, shape_.IH, shape_.IW, shape_.IC}); }
  Tensor as_weights(const Tensor& t) const { return t.reshaped({shape_.OC, shape_.IH, shape_.IW, shape_.IC / shape_.groups}); }
  Tensor as_dst(const Tensor& t) const { return t.reshaped({shape_.N, 1, 1, shape_.OC}); }

  FullyConnectedShape shape_;
  std::unique_ptr<Conv2d> convolution_;
};

}  // namespace

std::unique_ptr<FullyConnected> make_fully_connected_cuda(const FullyConnectedShape& shape, Epilogue epilogue,
                                                          const std::shared_ptr<CublasLt>& cublaslt, CudaStream stream) {
  if (shape.groups > 1) return std::make_unique<GroupedFullyConnectedCuda>(shape, epilogue, stream);
  return std::make_unique<FullyConnectedCuda>(shape, epilogue, cublaslt, stream);
}

}  // namespace alexnet
