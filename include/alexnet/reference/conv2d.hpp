// 2-D convolution as its formula is written, in double precision. Shapes and layouts: Conv2dShape (activations NHWC, weights OHWI).
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

// dst[n,oh,ow,oc] = bias[oc] + sum over kh, kw and the channels ic of oc's group of
//   src[n, oh*SH - top + kh, ow*SW - left + kw, ic] * weights[oc,kh,kw,ic]; src is 0 outside the picture
std::vector<double> conv2d_forward(const Conv2dShape& s, const std::vector<double>& src, const std::vector<double>& weights,
                                   const std::vector<double>& bias);
std::vector<double> conv2d_backward_data(const Conv2dShape& s, const std::vector<double>& diff_dst, const std::vector<double>& weights);

struct Conv2dWeightsGradient {
  std::vector<double> diff_weights, diff_bias;
};
Conv2dWeightsGradient conv2d_backward_weights(const Conv2dShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst);

}  // namespace alexnet::reference
