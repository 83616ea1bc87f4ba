// Softmax, loss and error counts on the GPU.
#include "kernels/softmax_cross_entropy.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class SoftmaxCrossEntropyCuda final : public SoftmaxCrossEntropy {
 public:
  SoftmaxCrossEntropyCuda(const SoftmaxShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  std::size_t scratch_bytes() const override { return static_cast<std::size_t>(shape_.N) * sizeof(ImageLoss); }

  void forward(const StepParameters* step, const Tensor& logits, const Tensor& labels, const Tensor& probabilities,
               LossTotals* totals) override {
    check_softmax_cross_entropy(shape_.N, shape_.num_classes, logits, labels, probabilities);
    softmax_cross_entropy_forward(shape_, step, logits.data<float>(), labels.data<std::int32_t>(), probabilities.data<float>(),
                                  reinterpret_cast<ImageLoss*>(scratch_), totals, stream_);
  }

  void backward_data(const StepParameters* step, const Tensor& probabilities, const Tensor& labels, const Tensor& diff_logits) override {
    check_softmax_cross_entropy(shape_.N, shape_.num_classes, diff_logits, labels, probabilities);
    softmax_cross_entropy_backward_data(shape_, step, probabilities.data<float>(), labels.data<std::int32_t>(), diff_logits.data<float>(),
                                        stream_);
  }

 private:
  SoftmaxShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy_cuda(std::int64_t N, std::int64_t num_classes, CudaStream stream) {
  return std::make_unique<SoftmaxCrossEntropyCuda>(SoftmaxShape{N, num_classes}, stream);
}

}  // namespace alexnet
