// OHWI (memory) <-> OIHW (checkpoints) order of a weight tensor; the same for a fully connected layer's (O, H, W, I) <-> (O, C*H*W).
// Tensors of other ranks (biases) are returned as they are.
#pragma once

#include <vector>

#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

std::vector<float> to_file_order(const Shape& memory_shape, std::vector<float> values);
std::vector<float> to_memory_order(const Shape& memory_shape, std::vector<float> values);

}  // namespace alexnet
