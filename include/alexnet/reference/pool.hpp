// Max-pool and average pool as they are defined, in double precision. Shapes: PoolShape.
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

// Of equal maxima the first in row-major order wins; padding never wins.
std::vector<double> max_pool_forward(const PoolShape& s, const std::vector<double>& src);
std::vector<double> max_pool_backward_data(const PoolShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst);

// The sum over the window's pixels inside the picture, divided by KH*KW (count_pad) or by the number of those pixels.
std::vector<double> average_pool_forward(const PoolShape& s, bool count_pad, const std::vector<double>& src);
std::vector<double> average_pool_backward_data(const PoolShape& s, bool count_pad, const std::vector<double>& diff_dst);

}  // namespace alexnet::reference
