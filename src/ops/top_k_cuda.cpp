// The k largest of each row on the GPU.
#include "kernels/top_k.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class TopKCuda final : public TopK {
 public:
  TopKCuda(std::int64_t N, std::int64_t num_classes, std::int64_t k, CudaStream stream)
      : N_(N), num_classes_(num_classes), k_(k), stream_(stream) {}

  void forward(const Tensor& values, const Tensor& indices, const Tensor& top) override {
    check_top_k(N_, num_classes_, k_, values, indices, top);
    top_k_forward(N_, num_classes_, k_, values.data<float>(), indices.data<std::int32_t>(), top.data<float>(), stream_);
  }

 private:
  std::int64_t N_, num_classes_, k_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<TopK> make_top_k_cuda(std::int64_t N, std::int64_t num_classes, std::int64_t k, CudaStream stream) {
  return std::make_unique<TopKCuda>(N, num_classes, k, stream);
}

}  // namespace alexnet
