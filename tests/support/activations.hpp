// Every activation, for tests over all of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alexnet/core/activation_function.hpp"

namespace alexnet {

inline void PrintTo(const ActivationFunction& function, std::ostream* out) {
  *out << kActivationNames[static_cast<std::size_t>(function.kind)] << " " << function.negative_slope;
}

namespace test {

inline std::vector<ActivationFunction> all_activations() {
  return {{ActivationKind::relu},
          {ActivationKind::leaky_relu, 0.25F},
          {ActivationKind::tanh},
          {ActivationKind::sigmoid},
          {ActivationKind::softsign}};
}

inline std::string activation_name(const ActivationFunction& function) {
  return std::string(kActivationNames[static_cast<std::size_t>(function.kind)]);
}

}  // namespace test
}  // namespace alexnet
