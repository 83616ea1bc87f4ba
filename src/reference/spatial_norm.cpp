#include "alexnet/reference/spatial_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace alexnet::reference {
namespace {

// One channel of one image: the value at (h, w).
struct Map {
  const SpatialNormShape& s;
  const double* values;
  double at(std::int64_t h, std::int64_t w) const { return values[(h * s.W + w) * s.C]; }
};

// The sum of value(y, x) over the pixels that (h, w) sees, which are those that see (h, w).
template <class Value>
double sum_over_square(const SpatialNormShape& s, std::int64_t h, std::int64_t w, Value value) {
  const std::int64_t reach = s.size / 2;
  double sum = 0;
  for (std::int64_t y = std::max<std::int64_t>(h - reach, 0); y <= std::min(h + reach, s.H - 1); ++y) {
    for (std::int64_t x = std::max<std::int64_t>(w - reach, 0); x <= std::min(w + reach, s.W - 1); ++x) sum += value(y, x);
  }
  return sum;
}

double denominator(const Map& src, std::int64_t h, std::int64_t w) {
  const double sum = sum_over_square(src.s, h, w, [&](std::int64_t y, std::int64_t x) { return src.at(y, x) * src.at(y, x); });
  return static_cast<double>(src.s.k) + static_cast<double>(src.s.alpha) * sum;
}

template <class Value>
std::vector<double> for_each_value(const SpatialNormShape& s, Value value) {
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(s.N * s.H * s.W * s.C));
  for (std::int64_t n = 0; n < s.N; ++n) {
    for (std::int64_t h = 0; h < s.H; ++h) {
      for (std::int64_t w = 0; w < s.W; ++w) {
        for (std::int64_t c = 0; c < s.C; ++c) result.push_back(value(n * s.H * s.W * s.C + c, h, w));
      }
    }
  }
  return result;
}

}  // namespace

std::vector<double> spatial_norm_forward(const SpatialNormShape& s, const std::vector<double>& src) {
  return for_each_value(s, [&](std::int64_t map, std::int64_t h, std::int64_t w) {
    const Map x{s, src.data() + map};
    return x.at(h, w) * std::pow(denominator(x, h, w), -static_cast<double>(s.beta));
  });
}

std::vector<double> spatial_norm_backward_data(const SpatialNormShape& s, const std::vector<double>& src,
                                               const std::vector<double>& diff_dst) {
  const auto alpha = static_cast<double>(s.alpha);
  const auto beta = static_cast<double>(s.beta);
  return for_each_value(s, [&](std::int64_t map, std::int64_t h, std::int64_t w) {
    const Map x{s, src.data() + map};
    const Map dy{s, diff_dst.data() + map};
    const double carried = sum_over_square(
        s, h, w, [&](std::int64_t i, std::int64_t j) { return dy.at(i, j) * x.at(i, j) * std::pow(denominator(x, i, j), -beta - 1); });
    return dy.at(h, w) * std::pow(denominator(x, h, w), -beta) - 2 * alpha * beta * x.at(h, w) * carried;
  });
}

}  // namespace alexnet::reference
