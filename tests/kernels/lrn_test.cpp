#include "kernels/lrn.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/lrn.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Case {
  const char* name;
  std::int64_t N;
  Extent3 src;
  std::int64_t groups, size;
  float k, alpha, beta;
  LrnShape shape() const { return LrnShape::infer(name, N, src, groups, size, k, alpha, beta); }
};

const Case kCases[] = {
    {"paper_lrn1", 1, {55, 55, 96}, 2, 5, 2, 1e-4F, 0.75F},
    {"original_lrn2", 1, {27, 27, 256}, 2, 5, 2, 1e-4F / 5, 0.75F},
    {"caffe_lrn2", 1, {27, 27, 256}, 1, 5, 1, 1e-4F / 5, 0.75F},
    {"size_3_beta_half", 3, {13, 13, 20}, 1, 3, 0.5F, 0.01F, 0.5F},
    {"size_9_beta_1", 3, {7, 5, 32}, 1, 9, 1, 0.003F, 1},
    {"one_quad_a_row", 3, {3, 3, 8}, 2, 5, 2, 0.01F, 0.6F},
    {"longest_row_of_vectors", 1, {3, 1, 1024}, 1, 5, 2, 0.01F, 0.75F},
    // From here on by tiles.
    {"odd_channels", 3, {13, 13, 13}, 1, 5, 2, 0.01F, 0.75F},
    {"odd_groups", 3, {13, 27, 20}, 2, 3, 0.5F, 0.01F, 0.5F},
    {"size_15_beta_06", 3, {5, 7, 72}, 2, 15, 2, 0.002F, 0.6F},
    {"wider_than_a_row", 3, {13, 13, 10}, 2, 21, 1, 0.01F, 0.75F},
    {"one_channel_a_row", 3, {5, 5, 4}, 4, 5, 2, 0.01F, 0.75F},
    {"one_channel", 2, {27, 27, 1}, 1, 5, 2, 0.01F, 0.75F},
    {"size_1", 3, {5, 5, 17}, 1, 1, 1, 0.01F, 1},
    {"row_longer_than_a_block", 1, {2, 1, 2500}, 1, 5, 2, 1e-3F, 0.75F},
    {"wide_window_in_a_long_row", 1, {1, 1, 1300}, 1, 401, 2, 1e-6F, 0.75F},
};

std::size_t count(const LrnShape& s) { return static_cast<std::size_t>(s.N * s.H * s.W * s.C); }

struct Result {
  std::vector<float> dst, diff_src;
};

// Inputs that are large enough for the sum to count.
std::vector<float> inputs(const LrnShape& s) { return random_floats(count(s), 1, -50, 50); }
std::vector<float> gradients(const LrnShape& s) { return random_floats(count(s), 2); }

Result run(const LrnShape& s) {
  const DeviceArray<float> src("src", inputs(s)), diff_dst("diff_dst", gradients(s)), dst("dst", count(s)), diff_src("diff_src", count(s));
  lrn_forward(s, src.data(), dst.data(), nullptr);
  lrn_backward_data(s, src.data(), diff_dst.data(), diff_src.data(), nullptr);
  return {dst.values(), diff_src.values()};
}

class LrnKernels : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, LrnKernels, testing::ValuesIn(kCases), [](const auto& test) { return std::string(test.param.name); });

TEST_P(LrnKernels, MatchReferenceAndAreDeterministic) {
  const LrnShape s = GetParam().shape();
  std::vector<Result> results;
  for_each_seed([&] { results.push_back(run(s)); });
  EXPECT_TRUE(matches(results[0].dst, reference::lrn_forward(s, doubles(inputs(s))), kNormTolerance));
  const std::vector<double> expected = reference::lrn_backward_data(s, doubles(inputs(s)), doubles(gradients(s)));
  EXPECT_TRUE(matches(results[0].diff_src, expected, kNormGradientTolerance));
  EXPECT_EQ(results[0].dst, results[1].dst);
  EXPECT_EQ(results[0].diff_src, results[1].diff_src);
}

// Each value moved once, 8 channels or a multiple of it: nothing but whole sectors. 256 threads hold no whole number of rows of 48.
TEST(LrnKernels, ReadAndWriteEachValueOnceWithoutBankConflicts) {
  for (const std::int64_t C : {96, 256, 40}) {
    const LrnShape s = LrnShape::infer("lrn", 1, {5, 13, C}, 2, 5, 2, 1e-4F, 0.75F);
    const emulator::Profile profile;
    run(s);
    const emulator::LineCounts total = profile.total();
    EXPECT_EQ(total.global_bytes, 5 * sizeof(float) * count(s)) << C;
    EXPECT_EQ(total.sectors, total.least_sectors) << C;
    EXPECT_GT(total.shared_requests, 0U);
    EXPECT_EQ(total.bank_conflicts(), 0U) << profile.table();
  }
}

TEST(LrnKernels, TilesReadEachValueOnceWithoutBankConflicts) {
  const LrnShape s = LrnShape::infer("lrn", 1, {5, 13, 39}, 3, 5, 2, 1e-4F, 0.75F);
  const emulator::Profile profile;
  run(s);
  EXPECT_EQ(profile.total().global_bytes, 5 * sizeof(float) * count(s));
  EXPECT_GT(profile.total().shared_requests, 0U);
  EXPECT_EQ(profile.total().bank_conflicts(), 0U) << profile.table();
}

}  // namespace
}  // namespace alexnet::test
