#include <gtest/gtest.h>

#include <vector>

#include "emulator/emulator.hpp"
#include "emulator/function_kernels.hpp"

namespace alexnet::emulator {
namespace {

TEST(Functions, WarpOperationsGiveWhatCudaDocuments) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    options().seed = seed;
    const DeviceArray<WarpResults> results("results", std::vector<WarpResults>(64));
    launch_warp_functions(results.data());
    int thread = 0;
    for (const WarpResults& r : results.values()) {
      const int lane = thread++ % 32;
      EXPECT_EQ(r.from_lane_3, 3);
      EXPECT_EQ(r.from_lane_1_of_8, lane / 8 * 8 + 1);
      EXPECT_EQ(r.up_2_of_16, lane % 16 < 2 ? lane : lane - 2);
      EXPECT_EQ(r.down_4, static_cast<float>(lane + 4 < 32 ? lane + 4 : lane));
      EXPECT_EQ(r.exchanged_16, (lane ^ 16) / 3.0);
      EXPECT_EQ(r.odd, 0xaaaaaaaaU);
      EXPECT_EQ(r.upper_half, lane < 16 ? 0U : 0xffff0000U);
      EXPECT_EQ(r.any_31, 1);
      EXPECT_EQ(r.any_32, 0);
      EXPECT_EQ(r.all_below_32, 1);
      EXPECT_EQ(r.all_below_31, 0);
    }
  }
}

TEST(Functions, AtomicsLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    options().seed = seed;
    const DeviceArray<AtomicResults> results("results", {AtomicResults()});
    launch_atomic_functions(results.data());
    const AtomicResults r = results.values()[0];
    EXPECT_EQ(r.int_sum, 191 * 192 / 2);
    EXPECT_EQ(r.unsigned_sum, 192U);
    EXPECT_EQ(r.long_sum, 192ULL << 33);
    EXPECT_EQ(r.float_sum, 96.0F);
    EXPECT_EQ(r.largest, 49);
    EXPECT_EQ(r.winners, 1U);
    EXPECT_TRUE(r.first >= 0 && r.first < 192) << r.first;
  }
}

}  // namespace
}  // namespace alexnet::emulator
