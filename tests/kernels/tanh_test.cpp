#include "kernels/tanh.hpp"

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

TEST(TanhKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> values = random_floats(count, count, -5, 5);
      const DeviceArray<float> src("src", values), dst("dst", count), in_place("in_place", values);
      tanh_forward(static_cast<std::int64_t>(count), src.data(), dst.data(), nullptr);
      tanh_forward(static_cast<std::int64_t>(count), in_place.data(), in_place.data(), nullptr);
      EXPECT_TRUE(matches(dst.values(), reference::tanh_forward(doubles(values)), kTanhTolerance)) << count;
      EXPECT_EQ(dst.values(), in_place.values()) << count;
    }
  });
}

TEST(TanhKernels, TheEndsAreOneAndANanStays) {
  const float infinity = std::numeric_limits<float>::infinity();
  const DeviceArray<float> src("src", {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 90, -90}), dst("dst", 5);
  tanh_forward(5, src.data(), dst.data(), nullptr);
  const std::vector<float> y = dst.values();
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(std::vector<float>(y.begin() + 1, y.end()), (std::vector<float>{1, -1, 1, -1}));
}

TEST(TanhKernels, BackwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> y = floats(reference::tanh_forward(random_doubles(count, count))), dy = random_floats(count, count + 1);
      const DeviceArray<float> dst("dst", y), diff_dst("diff_dst", dy), diff_src("diff_src", count);
      tanh_backward_data(static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_src.data(), nullptr);
      EXPECT_TRUE(matches(diff_src.values(), reference::tanh_backward_data(doubles(y), doubles(dy)), kTanhTolerance)) << count;
      tanh_backward_data(static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_dst.data(), nullptr);
      EXPECT_EQ(diff_dst.values(), diff_src.values()) << count;
    }
  });
}

TEST(TanhKernels, ReadAndWriteWholeSectors) {
  const DeviceArray<float> y("y", std::vector<float>(4096, 0.5F)), dy("dy", std::vector<float>(4096, 1.0F));
  const emulator::Profile profile;
  tanh_forward(4096, y.data(), y.data(), nullptr);
  tanh_backward_data(4096, y.data(), dy.data(), dy.data(), nullptr);
  EXPECT_EQ(profile.total().global_bytes, 5U * 4096U * sizeof(float));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

TEST(TanhKernels, NoElementsAreNoLaunch) {
  tanh_forward(0, nullptr, nullptr, nullptr);
  tanh_backward_data(0, nullptr, nullptr, nullptr, nullptr);
}

}  // namespace
}  // namespace alexnet::test
