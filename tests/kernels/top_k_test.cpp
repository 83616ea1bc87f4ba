#include "kernels/top_k.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "alexnet/reference/top_k.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

struct Result {
  std::vector<std::int32_t> indices;
  std::vector<float> top;
};

Result run(std::int64_t num_classes, std::int64_t k, const std::vector<float>& rows) {
  const std::int64_t N = static_cast<std::int64_t>(rows.size()) / num_classes;
  const DeviceArray<float> values("values", rows), top("top", static_cast<std::size_t>(N * k));
  const DeviceArray<std::int32_t> indices("indices", static_cast<std::size_t>(N * k));
  top_k_forward(N, num_classes, k, values.data(), indices.data(), top.data(), nullptr);
  return {indices.values(), top.values()};
}

TEST(TopKKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const std::int64_t num_classes : {1, 5, 31, 256, 257, 1000}) {
      for (const std::int64_t k : {1, 5, 31}) {
        if (k > num_classes) continue;
        // Integers have many ties.
        for (const bool ties : {false, true}) {
          const auto count = static_cast<std::size_t>(3 * num_classes);
          const std::vector<float> values = ties ? random_integers(count, 1) : random_floats(count, 1);
          const Result result = run(num_classes, k, values);
          const reference::TopKResult expected = reference::top_k(num_classes, k, doubles(values));
          EXPECT_EQ(result.indices, expected.indices) << k << " of " << num_classes;
          EXPECT_TRUE(matches(result.top, expected.values, kExact)) << k << " of " << num_classes;
        }
      }
    }
  });
}

TEST(TopKKernels, NanIsLastAndZerosAreEqual) {
  const std::vector<float> row = {kNan, -kInfinity, -0.0F, 0, kInfinity, -kNan, -1, kInfinity};
  const Result result = run(8, 8, row);
  EXPECT_EQ(result.indices, (std::vector<std::int32_t>{4, 7, 2, 3, 6, 1, 0, 5}));
  EXPECT_TRUE(matches(result.top, std::vector<double>{kInfinity, kInfinity, 0, 0, -1, -kInfinity, kNan, kNan}, kExact));
  EXPECT_EQ(run(2, 2, {-std::numeric_limits<float>::denorm_min(), 0}).indices, (std::vector<std::int32_t>{1, 0}));
}

TEST(TopKKernels, ReadWholeSectorsWithoutBankConflicts) {
  const std::vector<float> values = random_floats(2 * 1000, 1);
  const emulator::Profile profile;
  run(1000, 5, values);
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
  EXPECT_EQ(profile.total().global_bytes, 2 * 5 * (1000 + 3) * sizeof(float));  // k walks along a row; result twice out, once looked up
  EXPECT_GT(profile.total().shared_requests, 0U);
  EXPECT_EQ(profile.total().bank_conflicts(), 0U);
}

}  // namespace
}  // namespace alexnet::test
