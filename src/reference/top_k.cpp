#include "alexnet/reference/top_k.hpp"

#include <cmath>
#include <cstddef>

namespace alexnet::reference {

TopKResult top_k(std::int64_t C, std::int64_t k, const std::vector<double>& values) {
  TopKResult result;
  const auto classes = static_cast<std::size_t>(C);
  for (std::size_t row = 0; row < values.size(); row += classes) {
    std::vector<bool> taken(classes, false);
    for (std::int64_t i = 0; i < k; ++i) {
      // Going up with a strict comparison: of equal values the lower index stays. A NaN is beaten by any number and beats nothing.
      std::size_t best = classes;
      for (std::size_t c = 0; c < classes; ++c) {
        if (taken[c]) continue;
        const bool better =
            best == classes || values[row + c] > values[row + best] || (std::isnan(values[row + best]) && !std::isnan(values[row + c]));
        if (better) best = c;
      }
      taken[best] = true;
      result.indices.push_back(static_cast<std::int32_t>(best));
      result.values.push_back(values[row + best]);
    }
  }
  return result;
}

}  // namespace alexnet::reference
