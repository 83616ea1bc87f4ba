// The reference is the bias gradient of a fully connected layer; integers make its sums exact in f32 in any order.
#include "kernels/bias_gradient.hpp"

#include <gtest/gtest.h>

#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Case {
  std::int64_t rows, channels;
  std::size_t count() const { return static_cast<std::size_t>(rows * channels); }
};

std::vector<float> run(const Case& c, const std::vector<float>& values) {
  const DeviceArray<float> diff_dst("diff_dst", values), diff_bias("diff_bias", static_cast<std::size_t>(c.channels));
  const DeviceArray<float> scratch("scratch", bias_gradient_scratch_bytes(c.rows, c.channels) / sizeof(float));
  bias_gradient(c.rows, c.channels, diff_dst.data(), diff_bias.data(), scratch.data(), nullptr);
  return diff_bias.values();
}

std::vector<double> expected_sums(const Case& c, const std::vector<float>& values) {
  std::vector<double> sums(static_cast<std::size_t>(c.channels), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) sums[i % sums.size()] += static_cast<double>(values[i]);
  return sums;
}

const Case kCases[] = {{1, 1},
                       {1, 5},
                       {3, 1000},
                       {3, 4096},
                       {3, 4095},
                       {7, 1100},
                       {5000, 1},
                       {9000, 3},
                       {5000, 4},
                       {513, 20},
                       {128 * 55 * 55, 4},
                       // AlexNet's layers at a small batch
                       {2 * 55 * 55, 96},
                       {2 * 27 * 27, 256},
                       {2 * 13 * 13, 384},
                       {128, 4096},
                       {128, 1000}};

TEST(BiasGradientKernels, MatchTheSums) {
  for_each_seed([] {
    for (const Case& c : kCases) {
      const std::vector<float> integers = random_integers(c.count(), 1);
      EXPECT_TRUE(matches(run(c, integers), expected_sums(c, integers), kExact)) << c.rows << " x " << c.channels;
    }
  });
}

TEST(BiasGradientKernels, AreDeterministic) {
  for (const Case& c : {Case{9000, 3}, Case{3025, 96}}) {
    const std::vector<float> values = random_floats(c.count(), 1);
    std::vector<std::vector<float>> results;
    for_each_seed([&] { results.push_back(run(c, values)); });
    EXPECT_EQ(results[0], results[1]);
    EXPECT_TRUE(matches(results[0], expected_sums(c, values), kLongSumTolerance));
  }
}

TEST(BiasGradientKernels, FewRowsNeedNoScratch) {
  EXPECT_EQ(bias_gradient_scratch_bytes(16, 4096), 0U);
  EXPECT_EQ(bias_gradient_scratch_bytes(1, 1), 0U);
  EXPECT_EQ(bias_gradient_scratch_bytes(128 * 55 * 55, 96), 512U * 96U * sizeof(float));
}

TEST(BiasGradientKernels, ReadEachValueOnceInWholeSectorsWithoutBankConflicts) {
  for (const Case& c : {Case{3025, 96}, Case{729, 256}, Case{128, 4096}}) {
    const std::vector<float> values = random_floats(c.count(), 1);
    const emulator::Profile profile;
    run(c, values);
    const std::size_t scratch_bytes = bias_gradient_scratch_bytes(c.rows, c.channels);
    EXPECT_EQ(profile.total().global_bytes, sizeof(float) * (c.count() + static_cast<std::size_t>(c.channels)) + 2 * scratch_bytes);
    EXPECT_EQ(profile.total().sectors, profile.total().least_sectors) << profile.table();
    EXPECT_GT(profile.total().shared_requests, 0U);
    EXPECT_EQ(profile.total().bank_conflicts(), 0U) << profile.table();
  }
}

}  // namespace
}  // namespace alexnet::test
