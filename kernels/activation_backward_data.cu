// diff_src = diff_dst * f'(src) over `count` floats, f one of ActivationFunction; f' is computed from the output of forward, so that
// forward may work in place. Overwrites diff_src, which may be diff_dst.
#include "kernels/activation.hpp"
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"

namespace alexnet {
namespace {

// A choice and not a product: where ReLU is 0 a gradient that is not finite ends.
struct Relu {
  __device__ float operator()(float y, float dy) const { return y > 0.0F ? dy : 0.0F; }
};
struct LeakyRelu {
  float negative_slope;
  __device__ float operator()(float y, float dy) const { return y > 0.0F ? dy : negative_slope * dy; }
};
struct Tanh {
  __device__ float operator()(float y, float dy) const { return dy * (1.0F - y * y); }
};
struct Sigmoid {
  __device__ float operator()(float y, float dy) const { return dy * (y * (1.0F - y)); }
};
struct Softsign {
  __device__ float operator()(float y, float dy) const {
    const float left = 1.0F - fabsf(y);
    return dy * (left * left);
  }
};

template <class F>
__global__ void __launch_bounds__(kPointwiseThreads)
    activation_backward_data_kernel(std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, F f) {
  pointwise(count, dst, diff_dst, diff_src, f);
}

template <class F>
void run(F f, std::int64_t count, const float* dst, const float* diff_dst, float* diff_src, CudaStream stream) {
  launch(activation_backward_data_kernel<F>, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, dst, diff_dst,
         diff_src, f);
}

}  // namespace

void activation_backward_data(const ActivationFunction& function, std::int64_t count, const float* dst, const float* diff_dst,
                              float* diff_src, CudaStream stream) {
  switch (function.kind) {
    case ActivationKind::relu:
      return run(Relu{}, count, dst, diff_dst, diff_src, stream);
    case ActivationKind::leaky_relu:
      return run(LeakyRelu{function.negative_slope}, count, dst, diff_dst, diff_src, stream);
    case ActivationKind::tanh:
      return run(Tanh{}, count, dst, diff_dst, diff_src, stream);
    case ActivationKind::sigmoid:
      return run(Sigmoid{}, count, dst, diff_dst, diff_src, stream);
    case ActivationKind::softsign:
      return run(Softsign{}, count, dst, diff_dst, diff_src, stream);
  }
}

}  // namespace alexnet
