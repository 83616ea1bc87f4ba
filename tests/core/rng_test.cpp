#include "alexnet/core/rng.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace alexnet {
namespace {

// The known answers that are published with Random123 for philox4x32 with 10 rounds (counter, key -> four words).
TEST(Rng, PhiloxKnownAnswers) {
  EXPECT_EQ(random_block(0, 0U, 0, 0), (RandomBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(random_block(~0ULL, ~0U, ~0ULL, ~0U), (RandomBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(random_block(0x299f31d0a4093822ULL, 0x03707344U, 0x85a308d3243f6a88ULL, 0x13198a2e),
            (RandomBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, StreamsAreTheirNumbers) {
  EXPECT_EQ(random_block(1, RandomStream::dropout, 2, 3), random_block(1, 16U, 2, 3));
  EXPECT_NE(random_block(1, RandomStream::shuffle, 2, 3), random_block(1, RandomStream::geometry, 2, 3));
}

TEST(Rng, UniformDoubleIsInZeroToOne) {
  EXPECT_EQ(uniform_double(0, 0), 0.0);
  EXPECT_EQ(uniform_double(0x80000000U, 0), 0.5);
  EXPECT_EQ(uniform_double(~0U, ~0U), 1.0 - 0x1.0p-53);
  double sum = 0, sum_of_squares = 0;
  constexpr int kDraws = 20000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const RandomBlock r = random_block(3, RandomStream::geometry, i);
    const double u = uniform_double(r[0], r[1]);
    sum += u;
    sum_of_squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1 / 12.0 / kDraws));
  EXPECT_NEAR(sum_of_squares / kDraws, 1 / 3.0, 5 * std::sqrt(4 / 45.0 / kDraws));
}

TEST(Rng, UniformBelowReachesEveryValueAndNoOther) {
  EXPECT_EQ(uniform_below(0, 0, 7), 0U);
  EXPECT_EQ(uniform_below(~0U, ~0U, 7), 6U);
  EXPECT_EQ(uniform_below(~0U, ~0U, 1), 0U);
  EXPECT_EQ(uniform_below(~0U, ~0U, std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max() - 1);
  std::array<int, 7> counts{};
  constexpr int kDraws = 7000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const RandomBlock r = random_block(4, RandomStream::geometry, i);
    const std::uint64_t value = uniform_below(r[0], r[1], 7);
    ASSERT_LT(value, 7U);
    ++counts[value];
  }
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 7.0, 5 * std::sqrt(kDraws * (1 / 7.0) * (6 / 7.0)));
}

TEST(Rng, NormalPairHasTheMomentsOfTwoIndependentNormals) {
  constexpr int kDraws = 50000;
  double mean[2] = {}, square[2] = {}, fourth[2] = {}, product = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const auto pair = normal_pair(random_block(5, RandomStream::initial_weights, i));
    for (std::size_t j = 0; j < 2; ++j) {
      mean[j] += pair[j] / kDraws;
      square[j] += pair[j] * pair[j] / kDraws;
      fourth[j] += std::pow(pair[j], 4) / kDraws;
    }
    product += pair[0] * pair[1] / kDraws;
  }
  const double one = 5 / std::sqrt(static_cast<double>(kDraws));  // five deviations of a mean of variance 1
  for (std::size_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(mean[j], 0, one);
    EXPECT_NEAR(square[j], 1, one * std::sqrt(2.0));
    EXPECT_NEAR(fourth[j], 3, one * std::sqrt(96.0));
  }
  EXPECT_NEAR(product, 0, one);
}

TEST(Rng, NormalPairIsFiniteAtTheEdges) {
  for (const RandomBlock& block : {RandomBlock{0, 0, 0, 0}, RandomBlock{~0U, ~0U, ~0U, ~0U}}) {
    for (const double x : normal_pair(block)) EXPECT_TRUE(std::isfinite(x));
  }
  EXPECT_NEAR(normal_pair({~0U, ~0U, 0, 0})[0], std::sqrt(2 * 53 * std::log(2.0)), 1e-12);  // the farthest that is ever drawn
}

TEST(Rng, RandomPermutationIsAPermutationOfItsOwn) {
  const auto draw = [](std::uint64_t seed, RandomStream stream, std::uint32_t tag) { return random_permutation(seed, stream, tag, 1000); };
  const std::vector<std::uint32_t> order = draw(1, RandomStream::shuffle, 0);
  std::vector<std::uint32_t> sorted = order, counted(1000);
  std::ranges::sort(sorted);
  std::iota(counted.begin(), counted.end(), 0U);
  EXPECT_EQ(sorted, counted);
  EXPECT_NE(order, counted);
  EXPECT_EQ(order, draw(1, RandomStream::shuffle, 0));
  EXPECT_NE(order, draw(2, RandomStream::shuffle, 0));
  EXPECT_NE(order, draw(1, RandomStream::shuffle, 1));
  EXPECT_NE(order, draw(1, RandomStream::pack_shuffle, 0));
  EXPECT_TRUE(random_permutation(1, RandomStream::shuffle, 0, 0).empty());
  EXPECT_EQ(random_permutation(1, RandomStream::shuffle, 0, 1), std::vector<std::uint32_t>{0});
}

TEST(Rng, RandomPermutationIsFair) {
  // Each of the 24 orders of four as often as any other.
  std::array<int, 256> counts{};
  constexpr int kDraws = 24 * 500;
  for (std::uint32_t tag = 0; tag < kDraws; ++tag) {
    const auto p = random_permutation(9, RandomStream::shuffle, tag, 4);
    ++counts[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]];
  }
  EXPECT_EQ(std::ranges::count_if(counts, [](int count) { return count > 0; }), 24);
  for (const int count : counts) {
    if (count > 0) {
      EXPECT_NEAR(count, 500, 5 * std::sqrt(500.0));
    }
  }
}

}  // namespace
}  // namespace alexnet
