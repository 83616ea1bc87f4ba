// Normalisation over a square of pixels as its formula is written (see SpatialNormShape), in double precision. Tensors (N,H,W,C).
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

std::vector<double> spatial_norm_forward(const SpatialNormShape& s, const std::vector<double>& src);
std::vector<double> spatial_norm_backward_data(const SpatialNormShape& s, const std::vector<double>& src,
                                               const std::vector<double>& diff_dst);

}  // namespace alexnet::reference
