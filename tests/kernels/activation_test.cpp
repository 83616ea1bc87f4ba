#include "kernels/activation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/activation.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"
#include "support/activations.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

const std::size_t kCounts[] = {1, 3, 4, 1023, 1024, 1025, 3 * 13 * 13 * 5};

class ActivationKernels : public testing::TestWithParam<ActivationFunction> {
 protected:
  static const Tolerance& tolerance() { return GetParam().kind == ActivationKind::relu ? kExact : kActivationTolerance; }
};

INSTANTIATE_TEST_SUITE_P(Functions, ActivationKernels, testing::ValuesIn(all_activations()),
                         [](const auto& function) { return activation_name(function.param); });

TEST_P(ActivationKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> values = random_floats(count, count, -5, 5);
      const DeviceArray<float> src("src", values), dst("dst", count), in_place("in_place", values);
      activation_forward(GetParam(), static_cast<std::int64_t>(count), src.data(), dst.data(), nullptr);
      activation_forward(GetParam(), static_cast<std::int64_t>(count), in_place.data(), in_place.data(), nullptr);
      EXPECT_TRUE(matches(dst.values(), reference::activation_forward(GetParam(), doubles(values)), tolerance())) << count;
      EXPECT_EQ(dst.values(), in_place.values()) << count;
    }
  });
}

TEST_P(ActivationKernels, BackwardMatchesReference) {
  for_each_seed([] {
    for (const std::size_t count : kCounts) {
      const std::vector<float> y = floats(reference::activation_forward(GetParam(), random_doubles(count, count))),
                               dy = random_floats(count, count + 1);
      const DeviceArray<float> dst("dst", y), diff_dst("diff_dst", dy), diff_src("diff_src", count);
      activation_backward_data(GetParam(), static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_src.data(), nullptr);
      EXPECT_TRUE(matches(diff_src.values(), reference::activation_backward_data(GetParam(), doubles(y), doubles(dy)), tolerance()))
          << count;
      activation_backward_data(GetParam(), static_cast<std::int64_t>(count), dst.data(), diff_dst.data(), diff_dst.data(), nullptr);
      EXPECT_EQ(diff_dst.values(), diff_src.values()) << count;
    }
  });
}

TEST_P(ActivationKernels, LargeValuesAndANanAreAsInTheReference) {
  const std::vector<float> values{std::numeric_limits<float>::quiet_NaN(), 90, -90, 0};
  const DeviceArray<float> src("src", values), dst("dst", 4);
  activation_forward(GetParam(), 4, src.data(), dst.data(), nullptr);
  const std::vector<float> y = dst.values();
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(matches({y.begin() + 1, y.end()}, reference::activation_forward(GetParam(), {90, -90, 0}), tolerance()));
}

TEST_P(ActivationKernels, ReadAndWriteWholeSectors) {
  const DeviceArray<float> y("y", std::vector<float>(4096, 0.5F)), dy("dy", std::vector<float>(4096, 1.0F));
  const emulator::Profile profile;
  activation_forward(GetParam(), 4096, y.data(), y.data(), nullptr);
  activation_backward_data(GetParam(), 4096, y.data(), dy.data(), dy.data(), nullptr);
  EXPECT_EQ(profile.total().global_bytes, 5U * 4096U * sizeof(float));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

TEST_P(ActivationKernels, NoElementsAreNoLaunch) {
  activation_forward(GetParam(), 0, nullptr, nullptr, nullptr);
  activation_backward_data(GetParam(), 0, nullptr, nullptr, nullptr, nullptr);
}

}  // namespace
}  // namespace alexnet::test
