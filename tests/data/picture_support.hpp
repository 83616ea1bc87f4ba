// Pictures and picture files for the tests of data/.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "alexnet/core/rng.hpp"
#include "alexnet/data/decode.hpp"
#include "support/expect_error.hpp"

namespace alexnet {

using Bytes = std::vector<std::uint8_t>;

// Smooth, so that JPEG keeps it within a few grey levels; different for each seed.
inline Picture smooth_picture(std::int64_t height, std::int64_t width, std::uint64_t seed = 0) {
  const RandomBlock r = random_block(seed, 1000U, 0, 0);
  Picture picture{height, width, {}};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        const std::int64_t start = r[c] % 120, slope_x = r[3] >> (8 * c) & 63, slope_y = r[3] >> (8 * c + 2) & 63;
        picture.rgb.push_back(static_cast<std::uint8_t>(start + slope_x * x / width + slope_y * y / height));
      }
    }
  }
  return picture;
}

inline Picture noise_picture(std::int64_t height, std::int64_t width, std::uint64_t seed = 0) {
  Picture picture{height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * 3))};
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = static_cast<std::uint8_t>(random_block(seed, 1001U, i, 0)[0] >> 24);
  return picture;
}

inline int largest_difference(const Picture& a, const Picture& b) {
  if (a.height != b.height || a.width != b.width || a.rgb.size() != b.rgb.size()) return 1000;
  int largest = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

inline std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace alexnet
