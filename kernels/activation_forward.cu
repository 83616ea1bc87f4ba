// dst = f(src) over `count` floats, f one of ActivationFunction; overwrites dst, which may be src. Section 3.1 of the paper.
#include "kernels/activation.hpp"
#include "kernels/common/launch.hpp"
#include "kernels/common/pointwise.cuh"

namespace alexnet {
namespace {

struct Relu {
  __device__ float operator()(float x) const { return x <= 0.0F ? 0.0F : x; }  // a NaN compares as false and stays
};
struct LeakyRelu {
  float negative_slope;
  __device__ float operator()(float x) const { return x > 0.0F ? x : negative_slope * x; }
};
// tanhf and expf are the accurate ones: the GPU's approximations miss the tolerance.
struct Tanh {
  __device__ float operator()(float x) const { return tanhf(x); }
};
struct Sigmoid {
  __device__ float operator()(float x) const { return 1.0F / (1.0F + expf(-x)); }
};
struct Softsign {
  __device__ float operator()(float x) const { return x / (1.0F + fabsf(x)); }
};

template <class F>
__global__ void __launch_bounds__(kPointwiseThreads) activation_forward_kernel(std::int64_t count, const float* src, float* dst, F f) {
  pointwise(count, src, dst, f);
}

template <class F>
void run(F f, std::int64_t count, const float* src, float* dst, CudaStream stream) {
  launch(activation_forward_kernel<F>, blocks_for(count, kPointwisePerBlock), kPointwiseThreads, 0, stream, count, src, dst, f);
}

}  // namespace

void activation_forward(const ActivationFunction& function, std::int64_t count, const float* src, float* dst, CudaStream stream) {
  switch (function.kind) {
    case ActivationKind::relu:
      return run(Relu{}, count, src, dst, stream);
    case ActivationKind::leaky_relu:
      return run(LeakyRelu{function.negative_slope}, count, src, dst, stream);
    case ActivationKind::tanh:
      return run(Tanh{}, count, src, dst, stream);
    case ActivationKind::sigmoid:
      return run(Sigmoid{}, count, src, dst, stream);
    case ActivationKind::softsign:
      return run(Softsign{}, count, src, dst, stream);
  }
}

}  // namespace alexnet
