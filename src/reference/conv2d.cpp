#include "alexnet/reference/conv2d.hpp"

#include <cstddef>

namespace alexnet::reference {
namespace {

// Calls f(src pixel, weights row) for every kernel position of output (n, oh, ow) that lies inside the picture; the arguments are the
// offsets of channel 0 of src, and of (kh, kw) in the weights of one output channel in units of IC/groups.
template <class F>
void for_each_tap(const Conv2dShape& s, std::int64_t n, std::int64_t oh, std::int64_t ow, F f) {
  for (std::int64_t kh = 0; kh < s.KH; ++kh) {
    const std::int64_t ih = oh * s.SH - s.pad.top + kh;
    if (ih < 0 || ih >= s.IH) continue;
    for (std::int64_t kw = 0; kw < s.KW; ++kw) {
      const std::int64_t iw = ow * s.SW - s.pad.left + kw;
      if (iw < 0 || iw >= s.IW) continue;
      f(((n * s.IH + ih) * s.IW + iw) * s.IC, kh * s.KW + kw);
    }
  }
}

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

}  // namespace

std::vector<double> conv2d_forward(const Conv2dShape& s, const std::vector<double>& src, const std::vector<double>& weights,
                                   const std::vector<double>& bias) {
  const std::int64_t OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  std::vector<double> dst(size(s.N * s.OH * s.OW * s.OC));
#pragma omp parallel for collapse(2)
  for (std::int64_t n = 0; n < s.N; ++n) {
    for (std::int64_t oh = 0; oh < s.OH; ++oh) {
      for (std::int64_t ow = 0; ow < s.OW; ++ow) {
        for (std::int64_t oc = 0; oc < s.OC; ++oc) {
          double sum = bias[size(oc)];
          for_each_tap(s, n, oh, ow, [&](std::int64_t pixel, std::int64_t tap) {
            const double* x = &src[size(pixel + oc / OCG * ICG)];
            const double* w = &weights[size((oc * s.KH * s.KW + tap) * ICG)];
            for (std::int64_t ic = 0; ic < ICG; ++ic) sum += x[ic] * w[ic];
          });
          dst[size(((n * s.OH + oh) * s.OW + ow) * s.OC + oc)] = sum;
        }
      }
    }
  }
  return dst;
}

std::vector<double> conv2d_backward_data(const Conv2dShape& s, const std::vector<double>& diff_dst, const std::vector<double>& weights) {
  const std::int64_t OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  std::vector<double> diff_src(size(s.N * s.IH * s.IW * s.IC), 0.0);
#pragma omp parallel for
  for (std::int64_t n = 0; n < s.N; ++n) {  // an image's diff_src belongs to one thread
    for (std::int64_t oh = 0; oh < s.OH; ++oh) {
      for (std::int64_t ow = 0; ow < s.OW; ++ow) {
        for (std::int64_t oc = 0; oc < s.OC; ++oc) {
          const double dy = diff_dst[size(((n * s.OH + oh) * s.OW + ow) * s.OC + oc)];
          for_each_tap(s, n, oh, ow, [&](std::int64_t pixel, std::int64_t tap) {
            double* dx = &diff_src[size(pixel + oc / OCG * ICG)];
            const double* w = &weights[size((oc * s.KH * s.KW + tap) * ICG)];
            for (std::int64_t ic = 0; ic < ICG; ++ic) dx[ic] += dy * w[ic];
          });
        }
      }
    }
  }
  return diff_src;
}

Conv2dWeightsGradient conv2d_backward_weights(const Conv2dShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst) {
  const std::int64_t OCG = s.OC / s.groups, ICG = s.IC / s.groups;
  Conv2dWeightsGradient gradient{std::vector<double>(size(s.num_weights()), 0.0), std::vector<double>(size(s.OC), 0.0)};
#pragma omp parallel for
  for (std::int64_t oc = 0; oc < s.OC; ++oc) {  // an output channel's weights belong to one thread
    for (std::int64_t n = 0; n < s.N; ++n) {
      for (std::int64_t oh = 0; oh < s.OH; ++oh) {
        for (std::int64_t ow = 0; ow < s.OW; ++ow) {
          const double dy = diff_dst[size(((n * s.OH + oh) * s.OW + ow) * s.OC + oc)];
          gradient.diff_bias[size(oc)] += dy;
          for_each_tap(s, n, oh, ow, [&](std::int64_t pixel, std::int64_t tap) {
            const double* x = &src[size(pixel + oc / OCG * ICG)];
            double* dw = &gradient.diff_weights[size((oc * s.KH * s.KW + tap) * ICG)];
            for (std::int64_t ic = 0; ic < ICG; ++ic) dw[ic] += dy * x[ic];
          });
        }
      }
    }
  }
  return gradient;
}

}  // namespace alexnet::reference
