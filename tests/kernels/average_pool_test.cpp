#include "kernels/average_pool.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/pool.hpp"
#include "emulator/profile.hpp"
#include "kernels/pool_cases.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Result {
  std::vector<float> dst, diff_src;
};

Result run(const PoolShape& s, bool count_pad, const std::vector<float>& src, const std::vector<float>& diff_dst) {
  const DeviceArray<float> x("src", src), dy("diff_dst", diff_dst), y("dst", dst_count(s)), dx("diff_src", src.size());
  average_pool_forward(s, count_pad, x.data(), y.data(), nullptr);
  average_pool_backward_data(s, count_pad, dy.data(), dx.data(), nullptr);
  return {y.values(), dx.values()};
}

TEST(AveragePoolKernels, BothPassesMatchReference) {
  for_each_seed([] {
    for (const PoolShape& s : pool_cases()) {
      for (const bool count_pad : {false, true}) {
        if (!count_pad && s.pad == Padding{}) continue;  // the same as with
        const std::vector<float> src = random_integers(src_count(s), 1), diff_dst = random_integers(dst_count(s), 2);
        const Result result = run(s, count_pad, src, diff_dst);
        EXPECT_TRUE(matches(result.dst, reference::average_pool_forward(s, count_pad, doubles(src)), kAverageTolerance)) << name(s);
        EXPECT_TRUE(matches(result.diff_src, reference::average_pool_backward_data(s, count_pad, doubles(diff_dst)), kAverageTolerance))
            << name(s);
      }
    }
  });
}

TEST(AveragePoolKernels, CountPaddingOnlyWhenAsked) {
  const PoolShape s = PoolShape::infer("pool", 1, {2, 2, 1}, 3, 2, {0, 0, 1, 1});  // one 3x3 window over four pixels of 9
  EXPECT_FLOAT_EQ(run(s, true, {9, 9, 9, 9}, {9}).dst[0], 4);
  EXPECT_FLOAT_EQ(run(s, false, {9, 9, 9, 9}, {9}).dst[0], 9);
  EXPECT_FLOAT_EQ(run(s, true, {9, 9, 9, 9}, {9}).diff_src[0], 1);
  EXPECT_FLOAT_EQ(run(s, false, {9, 9, 9, 9}, {9}).diff_src[0], 2.25F);
}

TEST(AveragePoolKernels, IsDeterministic) {
  const PoolShape s = PoolShape::infer("pool", 2, {13, 13, 12}, 3, 2, {0, 1, 1, 0});
  emulator::options().seed = 1;
  const Result one = run(s, false, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  emulator::options().seed = 2;
  const Result other = run(s, false, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  EXPECT_EQ(one.dst, other.dst);
  EXPECT_EQ(one.diff_src, other.diff_src);
}

TEST(AveragePoolKernels, ReadAndWriteWholeSectors) {
  const PoolShape s = PoolShape::infer("pool", 1, {13, 13, 96}, 3, 2, {});
  const emulator::Profile profile;
  run(s, true, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  const std::uint64_t outputs = dst_count(s), pairs = 9 * outputs;  // of an input pixel and a window that holds it
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
  EXPECT_EQ(profile.total().global_bytes, 4 * (pairs + outputs + pairs + src_count(s)));
}

}  // namespace
}  // namespace alexnet::test
