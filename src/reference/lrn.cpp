#include "alexnet/reference/lrn.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace alexnet::reference {
namespace {

struct Window {
  std::int64_t first, last;
};

// The channels that channel c sees, and that see c: both ends included.
Window window_of(const LrnShape& s, std::int64_t c) {
  const std::int64_t group_channels = s.C / s.groups;
  const std::int64_t group_first = c / group_channels * group_channels;
  return {std::max(c - s.size / 2, group_first), std::min(c + s.size / 2, group_first + group_channels - 1)};
}

double denominator(const LrnShape& s, const double* pixel, std::int64_t c) {
  double sum = 0;
  for (std::int64_t i = window_of(s, c).first; i <= window_of(s, c).last; ++i) sum += pixel[i] * pixel[i];
  return static_cast<double>(s.k) + static_cast<double>(s.alpha) * sum;
}

}  // namespace

std::vector<double> lrn_forward(const LrnShape& s, const std::vector<double>& src) {
  std::vector<double> dst(src.size());
  for (std::int64_t p = 0; p < s.N * s.H * s.W; ++p) {
    const double* x = src.data() + p * s.C;
    for (std::int64_t c = 0; c < s.C; ++c) {
      dst[static_cast<std::size_t>(p * s.C + c)] = x[c] * std::pow(denominator(s, x, c), -static_cast<double>(s.beta));
    }
  }
  return dst;
}

std::vector<double> lrn_backward_data(const LrnShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst) {
  const auto alpha = static_cast<double>(s.alpha);
  const auto beta = static_cast<double>(s.beta);
  std::vector<double> diff_src(src.size());
  for (std::int64_t p = 0; p < s.N * s.H * s.W; ++p) {
    const double* x = src.data() + p * s.C;
    const double* dy = diff_dst.data() + p * s.C;
    for (std::int64_t c = 0; c < s.C; ++c) {
      double gradient = dy[c] * std::pow(denominator(s, x, c), -beta);
      for (std::int64_t i = window_of(s, c).first; i <= window_of(s, c).last; ++i) {
        gradient -= 2 * alpha * beta * x[c] * dy[i] * x[i] * std::pow(denominator(s, x, i), -beta - 1);
      }
      diff_src[static_cast<std::size_t>(p * s.C + c)] = s.src_is_relu && x[c] <= 0 ? 0 : gradient;
    }
  }
  return diff_src;
}

}  // namespace alexnet::reference
