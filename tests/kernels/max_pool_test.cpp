// Integers in [-4, 4] give many equal maxima and exact sums: the winner is tested by where its gradient goes.
#include "kernels/max_pool.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/pool.hpp"
#include "emulator/profile.hpp"
#include "kernels/pool_cases.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Result {
  std::vector<float> dst, diff_src;
  std::vector<std::uint8_t> winners;
};

Result run(const PoolShape& s, const std::vector<float>& src, const std::vector<float>& diff_dst) {
  const DeviceArray<float> x("src", src), dy("diff_dst", diff_dst), y("dst", dst_count(s)), dx("diff_src", src.size());
  const DeviceArray<std::uint8_t> winners("winners", dst_count(s));
  max_pool_forward(s, x.data(), y.data(), winners.data(), nullptr);
  max_pool_backward_data(s, dy.data(), winners.data(), dx.data(), nullptr);
  return {y.values(), dx.values(), winners.values()};
}

TEST(MaxPoolKernels, BothPassesMatchReference) {
  for_each_seed([] {
    for (const PoolShape& s : pool_cases()) {
      const std::vector<float> src = random_integers(src_count(s), 1), diff_dst = random_integers(dst_count(s), 2);
      const Result result = run(s, src, diff_dst);
      EXPECT_TRUE(matches(result.dst, reference::max_pool_forward(s, doubles(src)), kExact)) << name(s);
      EXPECT_TRUE(matches(result.diff_src, reference::max_pool_backward_data(s, doubles(src), doubles(diff_dst)), kExact)) << name(s);
    }
  });
}

TEST(MaxPoolKernels, ForwardWithoutWinnersIsTheSame) {
  for (const PoolShape& s : pool_cases()) {
    const std::vector<float> src = random_floats(src_count(s), 1);
    const DeviceArray<float> x("src", src), y("dst", dst_count(s));
    max_pool_forward(s, x.data(), y.data(), nullptr, nullptr);
    EXPECT_TRUE(matches(y.values(), reference::max_pool_forward(s, doubles(src)), kExact)) << name(s);
  }
}

TEST(MaxPoolKernels, IsDeterministic) {
  const PoolShape s = PoolShape::infer("pool", 2, {13, 13, 12}, 3, 2, {0, 1, 1, 0});
  emulator::options().seed = 1;
  const Result one = run(s, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  emulator::options().seed = 2;
  const Result other = run(s, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  EXPECT_EQ(one.dst, other.dst);
  EXPECT_EQ(one.winners, other.winners);
  EXPECT_EQ(one.diff_src, other.diff_src);
}

TEST(MaxPoolKernels, TheFirstOfEqualMaximaWins) {
  for (const std::int64_t C : {1, 4}) {
    const PoolShape s = PoolShape::infer("pool", 1, {3, 3, C}, 3, 1, {1, 1, 1, 1});
    const Result result = run(s, std::vector<float>(src_count(s), 0.0F), std::vector<float>(dst_count(s), 1.0F));
    for (std::int64_t c = 0; c < C; ++c) {
      const std::uint8_t expected[] = {4, 3, 3, 1, 0, 0, 1, 0, 0};  // the first place inside the picture
      for (std::int64_t o = 0; o < 9; ++o) EXPECT_EQ(result.winners[static_cast<std::size_t>(o * C + c)], expected[o]) << o;
    }
  }
}

TEST(MaxPoolKernels, ANanNeverWins) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  constexpr float lowest = std::numeric_limits<float>::lowest();
  struct Case {
    std::vector<float> window;
    float maximum;
    int winner;
  };
  for (const Case& c :
       {Case{{nan, 1, nan, 2}, 2, 3}, Case{{nan, nan, nan, nan}, lowest, 0}, Case{{-infinity, -infinity, nan, -infinity}, lowest, 0},
        Case{{-infinity, lowest, nan, lowest}, lowest, 1}, Case{{nan, infinity, infinity, 0}, infinity, 1}}) {
    for (const std::int64_t C : {1, 4}) {
      std::vector<float> src;
      for (const float x : c.window) src.insert(src.end(), static_cast<std::size_t>(C), x);
      const PoolShape s = PoolShape::infer("pool", 1, {2, 2, C}, 2, 2, {});
      const Result result = run(s, src, std::vector<float>(dst_count(s), 5.0F));
      EXPECT_EQ(result.dst, std::vector<float>(dst_count(s), c.maximum));
      EXPECT_EQ(result.winners, std::vector<std::uint8_t>(dst_count(s), static_cast<std::uint8_t>(c.winner)));
      for (std::size_t i = 0; i < src.size(); ++i) {
        EXPECT_EQ(result.diff_src[i], static_cast<int>(i) / static_cast<int>(C) == c.winner ? 5.0F : 0.0F);
      }
    }
  }
}

TEST(MaxPoolKernels, WinnersOfLargeWindowsAreRefused) {
  const PoolShape s = PoolShape::infer("pool", 1, {17, 17, 1}, 17, 1, {});
  EXPECT_FALSE(can_keep_winners(s));
  const DeviceArray<float> src("src", random_floats(src_count(s), 1)), dst("dst", 1);
  const DeviceArray<std::uint8_t> winners("winners", 1);
  expect_error(ExitCode::internal, {"max_pool_forward_kernel", "invalid argument"},
               [&] { max_pool_forward(s, src.data(), dst.data(), winners.data(), nullptr); });
  max_pool_forward(s, src.data(), dst.data(), nullptr, nullptr);
  EXPECT_TRUE(matches(dst.values(), reference::max_pool_forward(s, doubles(src.values())), kExact));
}

// Each window is read whole: 9 of 4 bytes an output, which caches serve but 1 / 2.25 of them.
TEST(MaxPoolKernels, ReadAndWriteWholeSectors) {
  const PoolShape s = PoolShape::infer("pool", 1, {13, 13, 96}, 3, 2, {});
  const emulator::Profile profile;
  run(s, random_floats(src_count(s), 1), random_floats(dst_count(s), 2));
  const std::uint64_t outputs = dst_count(s), pairs = 9 * outputs;  // of an input pixel and a window that holds it
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
  EXPECT_EQ(profile.total().global_bytes, pairs * 4 + outputs * 5 + pairs * 5 + src_count(s) * 4);
}

}  // namespace
}  // namespace alexnet::test
