#include <algorithm>

#include "alexnet/config/config.hpp"

namespace alexnet {

double TimedValue::at(double epoch) const {
  double value = points.front().second;
  for (const auto& [first_epoch, v] : points) {
    if (first_epoch <= epoch) value = v;
  }
  return value;
}

bool TimedValue::always_zero() const {
  return std::all_of(points.begin(), points.end(), [](const auto& point) { return point.second == 0; });
}

}  // namespace alexnet
