// Average pool on the GPU.
#include "kernels/average_pool.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class AveragePoolCuda final : public AveragePool {
 public:
  AveragePoolCuda(const PoolShape& shape, bool count_pad, CudaStream stream) : shape_(shape), count_pad_(count_pad), stream_(stream) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_pool(shape_, src, dst);
    average_pool_forward(shape_, count_pad_, src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& diff_src) override {
    check_pool(shape_, diff_src, diff_dst);
    average_pool_backward_data(shape_, count_pad_, diff_dst.data<float>(), diff_src.data<float>(), stream_);
  }

 private:
  PoolShape shape_;
  bool count_pad_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<AveragePool> make_average_pool_cuda(const PoolShape& shape, bool count_pad, CudaStream stream) {
  return std::make_unique<AveragePoolCuda>(shape, count_pad, stream);
}

}  // namespace alexnet
