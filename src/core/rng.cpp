#include "alexnet/core/rng.hpp"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace alexnet {

double uniform_double(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}

std::uint64_t uniform_below(std::uint32_t high, std::uint32_t low, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t bits = static_cast<std::uint64_t>(high) << 32 | low;
  return static_cast<std::uint64_t>(static_cast<Wide>(bits) * bound >> 64);
}

std::array<double, 2> normal_pair(const RandomBlock& block) {
  const double u = 1.0 - uniform_double(block[0], block[1]);  // (0, 1]: log is finite
  const double angle = 2.0 * std::numbers::pi * uniform_double(block[2], block[3]);
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void random_permutation(std::uint64_t seed, RandomStream stream, std::uint32_t tag, std::span<std::uint32_t> order) {
  std::iota(order.begin(), order.end(), 0U);
  for (auto i = static_cast<std::uint32_t>(order.size()); i > 1; --i) {
    const RandomBlock r = random_block(seed, stream, static_cast<std::uint64_t>(tag) << 32 | i);
    std::swap(order[i - 1], order[uniform_below(r[0], r[1], i)]);
  }
}

std::vector<std::uint32_t> random_permutation(std::uint64_t seed, RandomStream stream, std::uint32_t tag, std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  random_permutation(seed, stream, tag, order);
  return order;
}

}  // namespace alexnet
