// Local response normalisation as its formula is written (see ops/lrn.hpp and LrnShape), in double precision. Tensors (N,H,W,C).
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

std::vector<double> lrn_forward(const LrnShape& s, const std::vector<double>& src);
std::vector<double> lrn_backward_data(const LrnShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst);

}  // namespace alexnet::reference
