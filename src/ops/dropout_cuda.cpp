// Dropout on the GPU: the mask is drawn again in the backward pass.
#include "kernels/dropout.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class DropoutCuda final : public Dropout {
 public:
  DropoutCuda(const DropoutShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  void forward_train(const StepParameters* step, const Tensor& src, const Tensor& dst) override {
    check_dropout(shape_, src, dst);
    dropout_forward_train(shape_, step, src.data<float>(), dst.data<float>(), stream_);
  }

  void forward_test(const StepParameters* step, const Tensor& src, const Tensor& dst) override {
    check_dropout(shape_, src, dst);
    dropout_forward_test(shape_, step, src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const StepParameters* step, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_dropout(shape_, diff_dst, diff_src);
    dropout_backward_data(shape_, step, diff_dst.data<float>(), diff_src.data<float>(), stream_);
  }

 private:
  DropoutShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Dropout> make_dropout_cuda(const DropoutShape& shape, CudaStream stream) {
  return std::make_unique<DropoutCuda>(shape, stream);
}

}  // namespace alexnet
