#include "alexnet/reference/activation.hpp"

#include <cmath>
#include <cstddef>
#include <utility>

namespace alexnet::reference {
namespace {

double value(const ActivationFunction& function, double x) {
  switch (function.kind) {
    case ActivationKind::relu:
      return x <= 0 ? 0.0 : x;  // NaN stays
    case ActivationKind::leaky_relu:
      return x > 0 ? x : static_cast<double>(function.negative_slope) * x;
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::softsign:
      return x / (1 + std::abs(x));
  }
  return x;
}

// From the value y.
double slope(const ActivationFunction& function, double y) {
  switch (function.kind) {
    case ActivationKind::relu:
      return y > 0 ? 1 : 0;
    case ActivationKind::leaky_relu:
      return y > 0 ? 1 : static_cast<double>(function.negative_slope);
    case ActivationKind::tanh:
      return 1 - y * y;
    case ActivationKind::sigmoid:
      return y * (1 - y);
    case ActivationKind::softsign:
      return (1 - std::abs(y)) * (1 - std::abs(y));
  }
  return 1;
}

}  // namespace

std::vector<double> activation_forward(const ActivationFunction& function, std::vector<double> src) {
  for (double& x : src) x = value(function, x);
  return src;
}

std::vector<double> activation_backward_data(const ActivationFunction& function, const std::vector<double>& dst,
                                             std::vector<double> diff_dst) {
  for (std::size_t i = 0; i < dst.size(); ++i) diff_dst[i] = slope(function, dst[i]) == 0 ? 0.0 : diff_dst[i] * slope(function, dst[i]);
  return diff_dst;
}

std::vector<double> relu_forward(std::vector<double> src) { return activation_forward({ActivationKind::relu}, std::move(src)); }

}  // namespace alexnet::reference
