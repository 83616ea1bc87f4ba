// SGD on the CPU: one pass over gradients, velocity and weights; it runs at the speed of memory.
#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "alexnet/ops/sgd.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

// Fixed blocks, whatever the number of threads: an element is always at the same place of a vectorised loop.
constexpr std::int64_t kBlockFloats = 16384;

ALEXNET_SIMD void update_block(float momentum, float decay, float rate, const float* diff_weights, std::int64_t count, float* velocity,
                               float* weights) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    velocity[i] = momentum * velocity[i] - decay * weights[i] - rate * diff_weights[i];
    weights[i] += velocity[i];
  }
}

class SgdOnednn : public Sgd {
 public:
  explicit SgdOnednn(const SgdShape& shape) : s_(shape), num_threads_(omp_get_max_threads()) {}

  void update(const StepParameters* step, const Tensor& diff_weights, const Tensor& velocity, const Tensor& weights) override {
    check_update(s_, diff_weights, velocity, weights);
    const auto slot = static_cast<std::size_t>(s_.slot);
    const float rate = s_.is_bias ? step->bias_learning_rate[slot] : step->weights_learning_rate[slot];
    const float decay = s_.weight_decay * rate;
    const float* g = diff_weights.data<float>();
    float* v = velocity.data<float>();
    float* w = weights.data<float>();
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t first = 0; first < s_.count; first += kBlockFloats) {
      update_block(s_.momentum, decay, rate, g + first, std::min(kBlockFloats, s_.count - first), v + first, w + first);
    }
  }

 private:
  SgdShape s_;
  int num_threads_;
};

}  // namespace

std::unique_ptr<Sgd> make_sgd_onednn(const SgdShape& shape) { return std::make_unique<SgdOnednn>(shape); }

}  // namespace alexnet
