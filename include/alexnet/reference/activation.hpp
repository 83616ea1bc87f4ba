// ReLU and tanh in double precision. Backward passes take the output of forward, as the ops do.
#pragma once

#include <vector>

namespace alexnet::reference {

std::vector<double> relu_forward(std::vector<double> src);
std::vector<double> relu_backward_data(const std::vector<double>& dst, std::vector<double> diff_dst);
std::vector<double> tanh_forward(std::vector<double> src);
std::vector<double> tanh_backward_data(const std::vector<double>& dst, std::vector<double> diff_dst);

}  // namespace alexnet::reference
