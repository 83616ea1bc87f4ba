// Max-pool on the GPU. The workspace holds, for every output, the place of the winner inside its window.
#include "alexnet/core/error.hpp"
#include "kernels/max_pool.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class MaxPoolCuda final : public MaxPool {
 public:
  MaxPoolCuda(const PoolShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {
    if (!can_keep_winners(shape)) {
      fail(ExitCode::configuration,
           "max_pool with a window of {}x{}: the cuda backend tells 256 places apart; use a smaller kernel_size, or device.backend=onednn",
           shape.KH, shape.KW);
    }
  }

  std::size_t workspace_bytes() const override { return static_cast<std::size_t>(shape_.N * shape_.OH * shape_.OW * shape_.C); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_pool(shape_, src, dst);
    max_pool_forward(shape_, src.data<float>(), dst.data<float>(), reinterpret_cast<std::uint8_t*>(workspace_), stream_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& diff_src) override {
    check_pool(shape_, diff_src, diff_dst);
    if (workspace_ == nullptr) fail(ExitCode::internal, "max_pool backward_data without a workspace: forward kept no winners");
    max_pool_backward_data(shape_, diff_dst.data<float>(), reinterpret_cast<const std::uint8_t*>(workspace_), diff_src.data<float>(),
                           stream_);
  }

 private:
  PoolShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<MaxPool> make_max_pool_cuda(const PoolShape& shape, CudaStream stream) {
  return std::make_unique<MaxPoolCuda>(shape, stream);
}

}  // namespace alexnet
