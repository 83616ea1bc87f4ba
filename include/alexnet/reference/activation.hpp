// Pointwise nonlinearities in double precision. Backward passes take the output of forward, as the ops do (ops/activation.hpp).
#pragma once

#include <vector>

#include "alexnet/core/activation_function.hpp"

namespace alexnet::reference {

std::vector<double> activation_forward(const ActivationFunction& function, std::vector<double> src);
std::vector<double> activation_backward_data(const ActivationFunction& function, const std::vector<double>& dst,
                                             std::vector<double> diff_dst);

std::vector<double> relu_forward(std::vector<double> src);  // what a fused Epilogue::relu does

}  // namespace alexnet::reference
