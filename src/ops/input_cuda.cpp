// From stored pictures to the network's input, on the GPU.
#include "kernels/input.hpp"

#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

class InputCuda final : public Input {
 public:
  InputCuda(const InputShape& shape, CudaStream stream) : shape_(shape), stream_(stream) {}

  void forward(const Tensor& pixels, const SampleTransform* transforms, const Tensor& mean, const Tensor& dst) override {
    check_forward(shape_, pixels, mean, dst);
    const bool mean_is_per_colour = mean.count() == 3;
    input_forward(shape_, pixels.data<std::uint8_t>(), transforms, mean.data<float>(), mean_is_per_colour, dst.data<float>(), stream_);
  }

 private:
  InputShape shape_;
  CudaStream stream_;
};

}  // namespace

std::unique_ptr<Input> make_input_cuda(const InputShape& shape, CudaStream stream) { return std::make_unique<InputCuda>(shape, stream); }

}  // namespace alexnet
