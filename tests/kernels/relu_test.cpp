#include "kernels/relu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/activation.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

const std::size_t kCounts[] = {1, 3, 4, 1023, 1024, 1025, 3 * 13 * 13 * 5};

TEST(ReluKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> values = random_floats(count, count);
      const DeviceArray<float> src("src", values), dst("dst", count), in_place("in_place", values);
      relu_forward(static_cast<std::int64_t>(count), src.data(), dst.data(), nullptr);
      relu_forward(static_cast<std::int64_t>(count), in_place.data(), in_place.data(), nullptr);
      EXPECT_TRUE(matches(dst.values(), reference::relu_forward(doubles(values)), kExact)) << count;
      EXPECT_EQ(dst.values(), in_place.values()) << count;
    }
  });
}

TEST(ReluKernels, ANanStays) {
  const DeviceArray<float> src("src", {std::numeric_limits<float>::quiet_NaN(), -1.0F}), dst("dst", 2);
  relu_forward(2, src.data(), dst.data(), nullptr);
  EXPECT_TRUE(std::isnan(dst.values()[0]));
  EXPECT_EQ(dst.values()[1], 0.0F);
}

TEST(ReluKernels, BackwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> y = floats(reference::relu_forward(random_doubles(count, count))), dy = random_floats(count, count + 1);
      const DeviceArray<float> dst("dst", y), diff_dst("diff_dst", dy), diff_src("diff_src", count);
      relu_backward_data(static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_src.data(), nullptr);
      EXPECT_TRUE(matches(diff_src.values(), reference::relu_backward_data(doubles(y), doubles(dy)), kExact)) << count;
      relu_backward_data(static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_dst.data(), nullptr);
      EXPECT_EQ(diff_dst.values(), diff_src.values()) << count;
    }
  });
}

TEST(ReluKernels, ReadAndWriteWholeSectors) {
  const DeviceArray<float> src("src", std::vector<float>(4096, 1.0F)), dst("dst", 4096);
  const emulator::Profile profile;
  relu_forward(4096, src.data(), dst.data(), nullptr);
  EXPECT_EQ(profile.total().global_bytes, 2U * 4096U * sizeof(float));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

TEST(ReluKernels, NoElementsAreNoLaunch) { relu_forward(0, nullptr, nullptr, nullptr); }

}  // namespace
}  // namespace alexnet::test
