#include "alexnet/reference/fully_connected.hpp"

#include <cstddef>

namespace alexnet::reference {
namespace {

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

}  // namespace

std::vector<double> fully_connected_forward(const FullyConnectedShape& s, const std::vector<double>& src,
                                            const std::vector<double>& weights, const std::vector<double>& bias) {
  const std::int64_t P = s.IH * s.IW, OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  std::vector<double> dst(size(s.N * s.OC));
#pragma omp parallel for
  for (std::int64_t oc = 0; oc < s.OC; ++oc) {
    for (std::int64_t n = 0; n < s.N; ++n) {
      double sum = bias[size(oc)];
      for (std::int64_t p = 0; p < P; ++p) {
        const double* x = &src[size((n * P + p) * s.IC + oc / OCG * ICG)];
        const double* w = &weights[size((oc * P + p) * ICG)];
        for (std::int64_t ic = 0; ic < ICG; ++ic) sum += x[ic] * w[ic];
      }
      dst[size(n * s.OC + oc)] = sum;
    }
  }
  return dst;
}

std::vector<double> fully_connected_backward_data(const FullyConnectedShape& s, const std::vector<double>& diff_dst,
                                                  const std::vector<double>& weights) {
  const std::int64_t P = s.IH * s.IW, OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  std::vector<double> diff_src(size(s.N * s.num_inputs()), 0.0);
#pragma omp parallel for
  for (std::int64_t n = 0; n < s.N; ++n) {
    for (std::int64_t oc = 0; oc < s.OC; ++oc) {
      const double dy = diff_dst[size(n * s.OC + oc)];
      for (std::int64_t p = 0; p < P; ++p) {
        double* dx = &diff_src[size((n * P + p) * s.IC + oc / OCG * ICG)];
        const double* w = &weights[size((oc * P + p) * ICG)];
        for (std::int64_t ic = 0; ic < ICG; ++ic) dx[ic] += dy * w[ic];
      }
    }
  }
  return diff_src;
}

FullyConnectedWeightsGradient fully_connected_backward_weights(const FullyConnectedShape& s, const std::vector<double>& src,
                                                               const std::vector<double>& diff_dst) {
  const std::int64_t P = s.IH * s.IW, OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  FullyConnectedWeightsGradient gradient{std::vector<double>(size(s.num_weights()), 0.0), std::vector<double>(size(s.OC), 0.0)};
#pragma omp parallel for
  for (std::int64_t oc = 0; oc < s.OC; ++oc) {
    for (std::int64_t n = 0; n < s.N; ++n) {
      const double dy = diff_dst[size(n * s.OC + oc)];
      gradient.diff_bias[size(oc)] += dy;
      for (std::int64_t p = 0; p < P; ++p) {
        const double* x = &src[size((n * P + p) * s.IC + oc / OCG * ICG)];
        double* dw = &gradient.diff_weights[size((oc * P + p) * ICG)];
        for (std::int64_t ic = 0; ic < ICG; ++ic) dw[ic] += dy * x[ic];
      }
    }
  }
  return gradient;
}

}  // namespace alexnet::reference
