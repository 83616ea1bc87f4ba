// Local response normalisation inside each map on the GPU.
#include "kernels/spatial_norm.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class SpatialNormCuda final : public SpatialNorm {
 public:
  SpatialNormCuda(const SpatialNormShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  std::size_t scratch_bytes() const override { return spatial_norm_backward_data_scratch_bytes(shape_); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, src, dst);
    spatial_norm_forward(shape_, src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, src, diff_dst, diff_src);
    spatial_norm_backward_data(shape_, src.data<float>(), diff_dst.data<float>(), diff_src.data<float>(),
                               reinterpret_cast<float*>(scratch_), stream_);
  }

 private:
  SpatialNormShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<SpatialNorm> make_spatial_norm_cuda(const SpatialNormShape& shape, CudaStream stream) {
  return std::make_unique<SpatialNormCuda>(shape, stream);
}

}  // namespace alexnet
