#include "kernels/bias_epilogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Case {
  std::int64_t rows, channels;
};

// Vectors and single channels; one tile and several; rows that end within a block.
const Case kCases[] = {{1, 1}, {3, 5}, {300, 7}, {3, 4}, {129, 20}, {2 * 55 * 55, 96}, {27 * 27, 256}, {5, 1100}, {5, 1101}};

TEST(BiasEpilogueKernels, AddTheBias) {
  for_each_seed([] {
    for (const auto& [rows, channels] : kCases) {
      const auto width = static_cast<std::size_t>(channels);
      const std::vector<float> x = random_floats(static_cast<std::size_t>(rows) * width, 1), b = random_floats(width, 2);
      for (const bool relu : {false, true}) {
        std::vector<float> expected = x;
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = relu ? std::max(x[i] + b[i % width], 0.0F) : x[i] + b[i % width];
        const DeviceArray<float> dst("dst", x), bias("bias", b);
        bias_epilogue(rows, channels, relu, bias.data(), dst.data(), nullptr);
        EXPECT_EQ(dst.values(), expected) << rows << " x " << channels << (relu ? " with relu" : "");
      }
    }
  });
}

TEST(BiasEpilogueKernels, ANanStays) {
  const DeviceArray<float> dst("dst", {std::numeric_limits<float>::quiet_NaN(), -1.0F}), bias("bias", {0.0F, 0.0F});
  bias_epilogue(1, 2, true, bias.data(), dst.data(), nullptr);
  EXPECT_TRUE(std::isnan(dst.values()[0]));
  EXPECT_EQ(dst.values()[1], 0.0F);
}

TEST(BiasEpilogueKernels, ReadAndWriteWholeSectors) {
  const DeviceArray<float> dst("dst", std::vector<float>(400 * 96, 1.0F)), bias("bias", std::vector<float>(96, 1.0F));
  const emulator::Profile profile;
  bias_epilogue(400, 96, true, bias.data(), dst.data(), nullptr);
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

}  // namespace
}  // namespace alexnet::test
