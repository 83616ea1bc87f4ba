#include "kernels/copy_channels.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/copy_channels.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

// Vectors of four and one by one, into a larger tensor and out of it, with zeros around.
const CopyChannelsShape kShapes[] = {{3, 169, 16, 16, 0, 32, 16}, {3, 169, 16, 32, 16, 16, 0},    {3, 13, 3, 4, 0, 7, 4},
                                     {2, 27, 5, 10, 5, 5, 0},     {3, 13, 3, 3, 0, 4, 0, true},   {3, 27, 8, 8, 0, 24, 8, true},
                                     {1, 1, 1, 1, 0, 1, 0},       {5, 1, 500, 500, 0, 1000, 500}, {2, 55 * 55, 1, 3, 1, 3, 2, false}};

TEST(CopyChannelsKernels, ForwardMatchesReference) {
  for (const CopyChannelsShape& s : kShapes) {
    const auto src_count = static_cast<std::size_t>(s.N * s.pixels * s.src_C),
               dst_count = static_cast<std::size_t>(s.N * s.pixels * s.dst_C);
    const std::vector<float> values = random_floats(src_count, 1), before = random_floats(dst_count, 2);
    const std::vector<double> expected = reference::copy_channels(s, doubles(values), doubles(before));
    for_each_seed([&] {
      const DeviceArray<float> src("src", values), dst("dst", before);
      copy_channels_forward(s, src.data(), dst.data(), nullptr);
      EXPECT_TRUE(matches(dst.values(), expected, kExact)) << s.channels << " from " << s.src_first << " to " << s.dst_first;
    });
  }
}

TEST(CopyChannelsKernels, ReadAndWriteWholeSectors) {
  const DeviceArray<float> src("src", std::vector<float>(2 * 64 * 128, 1.0F)), dst("dst", 2 * 64 * 256);
  const emulator::Profile profile;
  copy_channels_forward({2, 64, 128, 128, 0, 256, 128}, src.data(), dst.data(), nullptr);
  EXPECT_EQ(profile.total().global_bytes, 2U * 2U * 64U * 128U * sizeof(float));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

}  // namespace
}  // namespace alexnet::test
