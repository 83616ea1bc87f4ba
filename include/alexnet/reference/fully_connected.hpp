// Fully connected layer as its formula is written, in double precision. Shapes: FullyConnectedShape.
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

// dst[n,oc] = bias[oc] + sum over the pixels p and the channels ic of oc's group of src[n,p,ic] * weights[oc,p,ic]
std::vector<double> fully_connected_forward(const FullyConnectedShape& s, const std::vector<double>& src,
                                            const std::vector<double>& weights, const std::vector<double>& bias);
std::vector<double> fully_connected_backward_data(const FullyConnectedShape& s, const std::vector<double>& diff_dst,
                                                  const std::vector<double>& weights);

struct FullyConnectedWeightsGradient {
  std::vector<double> diff_weights, diff_bias;
};
FullyConnectedWeightsGradient fully_connected_backward_weights(const FullyConnectedShape& s, const std::vector<double>& src,
                                                               const std::vector<double>& diff_dst);

}  // namespace alexnet::reference
