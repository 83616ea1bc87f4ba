// Local response normalisation across channels on the GPU.
#include "kernels/activation.hpp"
#include "kernels/lrn.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class LrnCuda final : public Lrn {
 public:
  LrnCuda(const LrnShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(shape_, src, dst);
    lrn_forward(shape_, src.data<float>(), dst.data<float>(), stream_);
  }

  void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(shape_, src, diff_dst, diff_src);
    lrn_backward_data(shape_, src.data<float>(), diff_dst.data<float>(), diff_src.data<float>(), stream_);
    if (!shape_.src_is_relu) return;
    activation_backward_data({ActivationKind::relu}, src.count(), src.data<float>(), diff_src.data<float>(), diff_src.data<float>(),
                             stream_);
  }

 private:
  LrnShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Lrn> make_lrn_cuda(const LrnShape& shape, CudaStream stream) { return std::make_unique<LrnCuda>(shape, stream); }

}  // namespace alexnet
