#include "alexnet/reference/sgd.hpp"

#include <cstddef>

namespace alexnet::reference {

void sgd_update(const SgdFactors& factors, const std::vector<double>& diff_weights, std::vector<double>& velocity,
                std::vector<double>& weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    velocity[i] = factors.momentum * velocity[i] - factors.weight_decay * factors.rate * weights[i] - factors.rate * diff_weights[i];
    weights[i] += velocity[i];
  }
}

}  // namespace alexnet::reference
