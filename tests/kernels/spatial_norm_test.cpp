#include "kernels/spatial_norm.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/spatial_norm.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Case {
  const char* name;
  std::int64_t N;
  Extent3 src;
  std::int64_t size;
  float k, alpha, beta;
  SpatialNormShape shape() const { return SpatialNormShape::infer(name, N, src, size, k, alpha, beta); }
};

const Case kCases[] = {
    {"block_of_27x27", 1, {27, 27, 64}, 5, 1, 1e-3F / 25, 0.75F},
    {"channels_beyond_slices", 3, {13, 13, 70}, 5, 1, 1e-3F / 25, 0.75F},
    {"55x55", 1, {55, 55, 3}, 3, 2, 0.001F, 0.5F},
    {"bands_of_columns", 1, {5, 120, 32}, 5, 2, 0.001F, 0.75F},
    {"one_channel", 3, {13, 27, 1}, 9, 1, 0.001F, 1},
    {"size_7_beta_06", 2, {9, 8, 33}, 7, 0.5F, 0.002F, 0.6F},
    {"wider_than_the_map", 3, {6, 3, 40}, 11, 2, 0.001F, 0.75F},
    {"wider_than_one_side", 3, {2, 20, 5}, 9, 2, 0.001F, 0.75F},
    {"one_pixel", 3, {1, 1, 35}, 5, 2, 0.01F, 0.75F},
    {"size_1", 3, {4, 5, 6}, 1, 1, 0.01F, 0.75F},
    {"slices_of_few_channels", 1, {4, 70, 32}, 139, 2, 1e-5F, 0.75F},
};

std::size_t count(const SpatialNormShape& s) { return static_cast<std::size_t>(s.N * s.H * s.W * s.C); }

struct Result {
  std::vector<float> dst, diff_src;
};

// Inputs that are large enough for the sum to count.
std::vector<float> inputs(const SpatialNormShape& s) { return random_floats(count(s), 1, -10, 10); }
std::vector<float> gradients(const SpatialNormShape& s) { return random_floats(count(s), 2); }

Result run(const SpatialNormShape& s) {
  const DeviceArray<float> src("src", inputs(s)), diff_dst("diff_dst", gradients(s)), dst("dst", count(s)), diff_src("diff_src", count(s));
  const DeviceArray<float> scratch("scratch", spatial_norm_backward_data_scratch_bytes(s) / sizeof(float));
  spatial_norm_forward(s, src.data(), dst.data(), nullptr);
  spatial_norm_backward_data(s, src.data(), diff_dst.data(), diff_src.data(), scratch.data(), nullptr);
  return {dst.values(), diff_src.values()};
}

class SpatialNormKernels : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, SpatialNormKernels, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(SpatialNormKernels, MatchReferenceAndAreDeterministic) {
  const SpatialNormShape s = GetParam().shape();
  std::vector<Result> results;
  for_each_seed([&] { results.push_back(run(s)); });
  EXPECT_TRUE(matches(results[0].dst, reference::spatial_norm_forward(s, doubles(inputs(s))), kNormTolerance));
  const std::vector<double> expected = reference::spatial_norm_backward_data(s, doubles(inputs(s)), doubles(gradients(s)));
  EXPECT_TRUE(matches(results[0].diff_src, expected, kNormGradientTolerance));
  EXPECT_EQ(results[0].dst, results[1].dst);
  EXPECT_EQ(results[0].diff_src, results[1].diff_src);
}

// Forward moves each value once in and once out; backward_data reads src, diff_dst, src, scratch and diff_src, and writes the last two, of
// them diff_src twice.
TEST(SpatialNormKernels, ReadAndWriteWholeSectorsWithoutBankConflicts) {
  for (const std::int64_t C : {32, 64, 40}) {
    const SpatialNormShape s = SpatialNormShape::infer("norm", 1, {7, 9, C}, 5, 1, 1e-3F, 0.75F);
    const emulator::Profile profile;
    run(s);
    const emulator::LineCounts total = profile.total();
    EXPECT_EQ(total.global_bytes, (2 + 8) * sizeof(float) * count(s)) << C;
    EXPECT_EQ(total.sectors, total.least_sectors) << C;
    EXPECT_GT(total.shared_requests, 0U);
    if (C % 32 == 0) {  // else the lanes of a warp are in several columns, whose windows begin at different places
      EXPECT_EQ(total.bank_conflicts(), 0U) << profile.table();
    }
  }
}

}  // namespace
}  // namespace alexnet::test
