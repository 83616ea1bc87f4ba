// The k largest of each row; see ops/top_k.hpp.
#pragma once

#include <cstdint>
#include <vector>

namespace alexnet::reference {

struct TopKResult {
  std::vector<std::int32_t> indices;  // (N, k)
  std::vector<double> values;         // (N, k)
};

// values (N, C)
TopKResult top_k(std::int64_t C, std::int64_t k, const std::vector<double>& values);

}  // namespace alexnet::reference
