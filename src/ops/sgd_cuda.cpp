// SGD with momentum on the GPU.
#include "kernels/sgd.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class SgdCuda final : public Sgd {
 public:
  SgdCuda(const SgdShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  void update(const StepParameters* step, const Tensor& diff_weights, const Tensor& velocity, const Tensor& weights) override {
    check_update(shape_, diff_weights, velocity, weights);
    sgd_update(shape_, step, diff_weights.data<float>(), velocity.data<float>(), weights.data<float>(), stream_);
  }

 private:
  SgdShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Sgd> make_sgd_cuda(const SgdShape& shape, CudaStream stream) { return std::make_unique<SgdCuda>(shape, stream); }

}  // namespace alexnet
