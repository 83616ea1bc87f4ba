#include "alexnet/reference/conv2d.hpp"
#include "kernels/conv2d_cases.hpp"

namespace alexnet::test {
namespace {

void expect_reference(const Conv2dCase& c, const std::vector<std::uint64_t>& seeds) {
  const Conv2dData data(c.shape, true);
  const Doubles expected = reference::conv2d_backward_data(c.shape, doubles(data.diff_dst), doubles(data.weights));
  for (const std::uint64_t seed : seeds) {
    emulator::options().seed = seed;
    EXPECT_TRUE(matches(run_backward_data(c.shape, data), expected, kExact)) << c.name << ", seed " << seed;
  }
}

TEST(Conv2dBackwardDataKernels, MatchReference) {
  for (const Conv2dCase& c : awkward_conv2d_cases()) expect_reference(c, {1, 2});
}

// One order of the threads, for time, and of conv1 (16 phases) 56 x 56 pixels instead of 224 x 224: its 3 columns fill a tile of 64, so
// that the whole would be 2 billion multiply-adds.
TEST(Conv2dBackwardDataKernels, MatchReferenceForAlexNet) {
  std::vector<Conv2dCase> cases = alexnet_conv2d_cases();
  cases[0] = conv2d_case("conv1", 1, {56, 56, 3}, 96, 11, 4, {0, 0, 3, 3}, 1);
  for (const Conv2dCase& c : cases) expect_reference(c, {1});
}

TEST(Conv2dBackwardDataKernels, AreDeterministic) {
  for (const Conv2dCase& c : deterministic_conv2d_cases()) {
    const Conv2dData data(c.shape, false);
    emulator::options().seed = 1;
    const std::vector<float> diff_src = run_backward_data(c.shape, data);
    emulator::options().seed = 2;
    EXPECT_EQ(diff_src, run_backward_data(c.shape, data)) << c.name;
  }
}

// With 1 x 1 taps no window leaves the picture, so that every element of diff_dst is read by each block that it concerns.
TEST(Conv2dBackwardDataKernels, AreLean) {
  const auto expect = [](const Conv2dCase& c, std::uint64_t rows, std::uint64_t columns) {
    const Conv2dShape& s = c.shape;
    const std::uint64_t src_count = static_cast<std::uint64_t>(s.N * s.IH * s.IW * s.IC);
    const Conv2dData data(s, true);
    const emulator::Profile profile;
    run_backward_data(s, data);
    expect_lean(profile, src_count / rows / columns, rows, columns, static_cast<std::uint64_t>(s.OC / s.groups), src_count * sizeof(float));
  };
  expect(conv2d_case("64x64", 2, {8, 8, 128}, 160, 1, 1, {}, 2), 64, 64);
  expect(conv2d_case("128x64", 1, {132, 128, 64}, 24, 1, 1, {}, 1), 128, 64);
  expect(conv2d_case("128x128", 1, {132, 128, 128}, 24, 1, 1, {}, 1), 128, 128);
}

// Windows of 3 x 3 that leave the picture, channels in eights: whole sectors still.
TEST(Conv2dBackwardDataKernels, ReadWholeSectorsOfWindows) {
  const Conv2dCase c = conv2d_case("window", 1, {13, 13, 48}, 40, 3, 1, {1, 1, 1, 1}, 1);
  const emulator::Profile profile;
  run_backward_data(c.shape, Conv2dData(c.shape, true));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors) << profile.table();
  EXPECT_EQ(profile.total().bank_conflicts(), 0U) << profile.table();
}

TEST(Conv2dBackwardDataKernels, HaveNoBankConflictsWithOddChannels) {
  for (const Conv2dCase& c : odd_conv2d_cases()) {
    const emulator::Profile profile;
    run_backward_data(c.shape, Conv2dData(c.shape, true));
    EXPECT_EQ(profile.total().bank_conflicts(), 0U) << c.name << "\n" << profile.table();
  }
}

}  // namespace
}  // namespace alexnet::test
