#include "train/weight_order.hpp"

namespace alexnet {
namespace {

// (O, A, B) -> (O, B, A)
std::vector<float> swap_inner(const std::vector<float>& values, std::int64_t O, std::int64_t A, std::int64_t B) {
  std::vector<float> swapped(values.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t o = 0; o < O; ++o) {
    const float* from = values.data() + o * A * B;
    float* to = swapped.data() + o * A * B;
    for (std::int64_t b = 0; b < B; ++b) {
      for (std::int64_t a = 0; a < A; ++a) to[b * A + a] = from[a * B + b];
    }
  }
  return swapped;
}

}  // namespace

std::vector<float> to_file_order(const Shape& memory_shape, std::vector<float> values) {
  if (memory_shape.rank() != 4) return values;
  return swap_inner(values, memory_shape[0], memory_shape[1] * memory_shape[2], memory_shape[3]);
}

std::vector<float> to_memory_order(const Shape& memory_shape, std::vector<float> values) {
  if (memory_shape.rank() != 4) return values;
  return swap_inner(values, memory_shape[0], memory_shape[3], memory_shape[1] * memory_shape[2]);
}

}  // namespace alexnet
