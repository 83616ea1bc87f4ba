// The update of SGD with momentum in double precision; see ops/sgd.hpp.
#pragma once

#include <vector>

namespace alexnet::reference {

struct SgdFactors {
  double rate, momentum, weight_decay;
};

void sgd_update(const SgdFactors& factors, const std::vector<double>& diff_weights, std::vector<double>& velocity,
                std::vector<double>& weights);

}  // namespace alexnet::reference
