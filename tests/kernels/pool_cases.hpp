// The pools that both kinds are tested with: windows that overlap, lie apart, leave the picture; channels that 4 divides or not.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::test {

inline std::size_t src_count(const PoolShape& s) { return static_cast<std::size_t>(s.N * s.IH * s.IW * s.C); }
inline std::size_t dst_count(const PoolShape& s) { return static_cast<std::size_t>(s.N * s.OH * s.OW * s.C); }

inline std::string name(const PoolShape& s) { return fmt::format("{} x {}x{}x{}, kernel {}, stride {}", s.N, s.IH, s.IW, s.C, s.KH, s.SH); }

inline std::vector<PoolShape> pool_cases() {
  const auto pool = [](std::int64_t N, Extent3 src, std::int64_t kernel_size, std::int64_t stride, Padding pad) {
    return PoolShape::infer("pool", N, src, kernel_size, stride, pad);
  };
  return {pool(1, {1, 1, 1}, 1, 1, {}), pool(3, {13, 27, 13}, 3, 2, {}), pool(3, {13, 13, 5}, 2, 3, {}),  // pixels that no window holds
          pool(3, {13, 13, 4}, 2, 3, {}), pool(2, {16, 16, 32}, 3, 2, {0, 0, 1, 1}), pool(3, {13, 9, 7}, 5, 2, {2, 1, 2, 3}),
          pool(3, {13, 9, 8}, 5, 2, {2, 1, 2, 3}), pool(2, {7, 7, 4}, 3, 1, {1, 1, 1, 1}), pool(2, {11, 11, 3}, 11, 1, {}),
          pool(1, {17, 18, 4}, 16, 1, {}),  // the largest whose winners fit in a byte
          // AlexNet's three
          pool(1, {55, 55, 96}, 3, 2, {}), pool(1, {27, 27, 256}, 3, 2, {}), pool(2, {13, 13, 256}, 3, 2, {})};
}

}  // namespace alexnet::test
