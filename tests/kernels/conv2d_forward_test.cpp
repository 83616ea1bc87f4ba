#include <cmath>
#include <limits>

#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/conv2d.hpp"
#include "kernels/conv2d_cases.hpp"

namespace alexnet::test {
namespace {

// One order of the threads without ReLU, another with it.
void expect_reference(const Conv2dCase& c) {
  const Conv2dData data(c.shape, true);
  const Doubles expected = reference::conv2d_forward(c.shape, doubles(data.src), doubles(data.weights), doubles(data.bias));
  emulator::options().seed = 1;
  EXPECT_TRUE(matches(run_forward(c.shape, data, false), expected, kExact)) << c.name;
  emulator::options().seed = 2;
  EXPECT_TRUE(matches(run_forward(c.shape, data, true), reference::relu_forward(expected), kExact)) << c.name;
}

TEST(Conv2dForwardKernels, MatchReference) {
  for (const Conv2dCase& c : awkward_conv2d_cases()) expect_reference(c);
}

TEST(Conv2dForwardKernels, MatchReferenceForAlexNet) {
  for (const Conv2dCase& c : alexnet_conv2d_cases()) expect_reference(c);
}

TEST(Conv2dForwardKernels, AreDeterministic) {
  for (const Conv2dCase& c : deterministic_conv2d_cases()) {
    const Conv2dData data(c.shape, false);
    emulator::options().seed = 1;
    const std::vector<float> dst = run_forward(c.shape, data, true);
    emulator::options().seed = 2;
    EXPECT_EQ(dst, run_forward(c.shape, data, true)) << c.name;
  }
}

TEST(Conv2dForwardKernels, ANanStays) {
  const Conv2dCase c = conv2d_case("nan", 1, {5, 5, 3}, 4, 3, 1, {1, 1, 1, 1}, 1);
  Conv2dData data(c.shape, true);
  data.weights.assign(data.weights.size(), std::numeric_limits<float>::quiet_NaN());
  for (const bool relu : {false, true}) {
    for (const float value : run_forward(c.shape, data, relu)) EXPECT_TRUE(std::isnan(value)) << relu;
  }
}

// Without padding, of extents that tiles divide.
TEST(Conv2dForwardKernels, AreLean) {
  const auto expect = [](const Conv2dCase& c, std::uint64_t rows, std::uint64_t columns) {
    const Conv2dShape& s = c.shape;
    const std::uint64_t dst_count = static_cast<std::uint64_t>(s.N * s.OH * s.OW * s.OC);
    const Conv2dData data(s, true);
    const emulator::Profile profile;
    run_forward(s, data, true);
    expect_lean(profile, dst_count / rows / columns, rows, columns, static_cast<std::uint64_t>(s.KH * s.KW * s.IC / s.groups),
                dst_count * sizeof(float));
  };
  expect(conv2d_case("64x64", 1, {10, 10, 48}, 128, 3, 1, {}, 2), 64, 64);
  expect(conv2d_case("128x64", 1, {134, 130, 16}, 64, 3, 1, {}, 1), 128, 64);
  expect(conv2d_case("128x128", 1, {134, 130, 16}, 128, 3, 1, {}, 1), 128, 128);
}

TEST(Conv2dForwardKernels, HaveNoBankConflictsWithOddChannels) {
  for (const Conv2dCase& c : odd_conv2d_cases()) {
    const emulator::Profile profile;
    run_forward(c.shape, Conv2dData(c.shape, true), false);
    EXPECT_EQ(profile.total().bank_conflicts(), 0U) << c.name << "\n" << profile.table();
  }
}

}  // namespace
}  // namespace alexnet::test
