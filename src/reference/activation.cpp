#include "alexnet/reference/activation.hpp"

#include <cmath>
#include <cstddef>

namespace alexnet::reference {

std::vector<double> relu_forward(std::vector<double> src) {
  for (double& x : src) x = x <= 0 ? 0.0 : x;  // NaN stays
  return src;
}

std::vector<double> relu_backward_data(const std::vector<double>& dst, std::vector<double> diff_dst) {
  for (std::size_t i = 0; i < dst.size(); ++i) diff_dst[i] = dst[i] > 0 ? diff_dst[i] : 0.0;
  return diff_dst;
}

std::vector<double> tanh_forward(std::vector<double> src) {
  for (double& x : src) x = std::tanh(x);
  return src;
}

std::vector<double> tanh_backward_data(const std::vector<double>& dst, std::vector<double> diff_dst) {
  for (std::size_t i = 0; i < dst.size(); ++i) diff_dst[i] *= 1 - dst[i] * dst[i];
  return diff_dst;
}

}  // namespace alexnet::reference
