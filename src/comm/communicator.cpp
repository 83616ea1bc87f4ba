#include "alexnet/comm/communicator.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "comm/communicators.hpp"

namespace alexnet {

std::string describe_missing(const std::vector<int>& ranks, const std::string& call, double time_limit_s) {
  return fmt::format("rank{} {} did not arrive at {} within {:g} s: lost, hung, or slower than that", ranks.size() == 1 ? "" : "s",
                     fmt::join(ranks, ", "), call, time_limit_s);
}

void sum_in_order(float* dst, std::span<const float* const> srcs, std::size_t count) {
  std::array<float, 2048> sums;  // dst may be one of srcs
  for (std::size_t first = 0; first < count; first += sums.size()) {
    const std::size_t n = std::min(sums.size(), count - first);
    std::copy_n(srcs[0] + first, n, sums.data());
    for (const float* src : srcs.subspan(1)) {
      for (std::size_t i = 0; i < n; ++i) sums[i] += src[first + i];
    }
    std::copy_n(sums.data(), n, dst + first);
  }
}

}  // namespace alexnet
