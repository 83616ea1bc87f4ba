// velocity <- momentum * velocity - weight_decay * rate * weights - rate * diff_weights;  weights <- weights + velocity (section 5 of the
// paper), element by element over shape.count floats. The rate is read from the step's parameters in device memory: a recorded step can
// be replayed with another.
#include "kernels/common/launch.hpp"
#include "kernels/sgd.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

struct Factors {
  float momentum, decay, rate;
};

__device__ float next_velocity(Factors f, float velocity, float weight, float gradient) {
  return f.momentum * velocity - f.decay * weight - f.rate * gradient;
}

// A thread updates 4 elements, as vectors: 20 bytes of traffic an element and 5 operations, so memory is all that counts. The thread at
// the end of a count that 4 does not divide goes one by one.
__global__ void __launch_bounds__(kThreads)
    sgd_update_kernel(SgdShape shape, const StepParameters* step, const float* diff_weights, float* velocity, float* weights) {
  const auto slot = static_cast<std::size_t>(shape.slot);
  const float rate = shape.is_bias ? step->bias_learning_rate[slot] : step->weights_learning_rate[slot];
  const Factors f{shape.momentum, shape.weight_decay * rate, rate};
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPerThread;
  if (first + kPerThread <= shape.count) {
    const float4 g = *reinterpret_cast<const float4*>(diff_weights + first);
    const float4 v = *reinterpret_cast<const float4*>(velocity + first);
    const float4 w = *reinterpret_cast<const float4*>(weights + first);
    const float4 next = make_float4(next_velocity(f, v.x, w.x, g.x), next_velocity(f, v.y, w.y, g.y), next_velocity(f, v.z, w.z, g.z),
                                    next_velocity(f, v.w, w.w, g.w));
    *reinterpret_cast<float4*>(velocity + first) = next;
    *reinterpret_cast<float4*>(weights + first) = make_float4(w.x + next.x, w.y + next.y, w.z + next.z, w.w + next.w);
  } else {
    for (std::int64_t i = first; i < shape.count; ++i) {
      velocity[i] = next_velocity(f, velocity[i], weights[i], diff_weights[i]);
      weights[i] += velocity[i];
    }
  }
}

}  // namespace

void sgd_update(const SgdShape& shape, const StepParameters* step, const float* diff_weights, float* velocity, float* weights,
                CudaStream stream) {
  launch(sgd_update_kernel, blocks_for(shape.count, kThreads * kPerThread), kThreads, 0, stream, shape, step, diff_weights, velocity,
         weights);
}

}  // namespace alexnet
