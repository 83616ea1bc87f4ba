#include "emulator/profile.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "emulator/emulator.hpp"
#include "emulator/wrong_kernels.hpp"

namespace alexnet::emulator {
namespace {

TEST(Profile, CountsBankConflicts) {
  const DeviceArray<float> src("src", std::vector<float>(1024, 1.0F)), dst("dst", 1024);
  {
    const Profile profile;
    launch_transpose(false, src.data(), dst.data());  // the lanes of a warp write one column: all in the same bank
    const LineCounts& column = profile.line("square[threadIdx.x][threadIdx.y] =");
    EXPECT_EQ(column.shared_requests, 32U);
    EXPECT_EQ(column.wavefronts, 32U * 32U);
    EXPECT_EQ(column.bank_conflicts(), 31U * 32U);
    EXPECT_EQ(profile.line("= square[threadIdx.y][threadIdx.x]").bank_conflicts(), 0U);
  }
  const Profile profile;
  launch_transpose(true, src.data(), dst.data());
  EXPECT_EQ(profile.total().shared_requests, 64U);
  EXPECT_EQ(profile.total().bank_conflicts(), 0U);
}

TEST(Profile, CountsSectors) {
  const DeviceArray<float> src("src", std::vector<float>(8 * kCount, 1.0F)), dst("dst", kCount);
  for (const int stride : {1, 2, 8}) {
    const Profile profile;
    launch_copy(stride, src.data(), dst.data());
    const LineCounts& read = profile.line("const float strided =");
    const std::uint64_t warps = kCount / 32;
    EXPECT_EQ(read.reads, std::uint64_t{kCount});
    EXPECT_EQ(read.global_bytes, kCount * sizeof(float));
    EXPECT_EQ(read.global_requests, warps);
    EXPECT_EQ(read.sectors, warps * 4 * static_cast<std::uint64_t>(stride));
    EXPECT_EQ(read.least_sectors, warps * 4);
    EXPECT_EQ(profile.line("= strided").sectors, warps * 4);
  }
}

TEST(Profile, AVectorIsOneAccess) {
  const DeviceArray<float> src("src", std::vector<float>(kCount, 1.0F)), dst("dst", kCount);
  const Profile profile;
  launch_copy_vectors(src.data(), dst.data());
  const LineCounts& read = profile.line("const float4 four =");
  EXPECT_EQ(read.reads, kCount / 4U);
  EXPECT_EQ(read.global_requests, 1U);
  EXPECT_EQ(read.sectors, 16U);
}

}  // namespace
}  // namespace alexnet::emulator
