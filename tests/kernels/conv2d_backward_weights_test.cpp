#include "alexnet/reference/conv2d.hpp"
#include "kernels/conv2d_cases.hpp"

namespace alexnet::test {
namespace {

void expect_reference(const Conv2dCase& c, const std::vector<std::uint64_t>& seeds) {
  const Conv2dData data(c.shape, true);
  const Doubles expected = reference::conv2d_backward_weights(c.shape, doubles(data.src), doubles(data.diff_dst)).diff_weights;
  for (const std::uint64_t seed : seeds) {
    emulator::options().seed = seed;
    EXPECT_TRUE(matches(run_backward_weights(c.shape, data), expected, kExact)) << c.name << ", seed " << seed;
  }
}

TEST(Conv2dBackwardWeightsKernels, MatchReference) {
  for (const Conv2dCase& c : awkward_conv2d_cases()) expect_reference(c, {1, 2});
}

// One order of the threads, for time.
TEST(Conv2dBackwardWeightsKernels, MatchReferenceForAlexNet) {
  for (const Conv2dCase& c : alexnet_conv2d_cases()) expect_reference(c, {1});
}

TEST(Conv2dBackwardWeightsKernels, AreDeterministic) {
  for (const Conv2dCase& c : deterministic_conv2d_cases()) {
    EXPECT_GT(conv2d_backward_weights_scratch_bytes(c.shape), 0U) << c.name << " has no slices";
    const Conv2dData data(c.shape, false);
    emulator::options().seed = 1;
    const std::vector<float> diff_weights = run_backward_weights(c.shape, data);
    emulator::options().seed = 2;
    EXPECT_EQ(diff_weights, run_backward_weights(c.shape, data)) << c.name;
  }
}

TEST(Conv2dBackwardWeightsKernels, FewPixelsNeedNoScratch) {
  EXPECT_EQ(conv2d_backward_weights_scratch_bytes(conv2d_case("few", 2, {8, 7, 4}, 8, 3, 1, {1, 1, 1, 1}, 1).shape), 0U);
}

// With 1 x 1 taps no window leaves the picture. Partial sums are written and read once, their sums written.
TEST(Conv2dBackwardWeightsKernels, AreLean) {
  const auto expect = [](const Conv2dCase& c, std::uint64_t rows, std::uint64_t columns) {
    const Conv2dShape& s = c.shape;
    const auto num_weights = static_cast<std::uint64_t>(s.num_weights());
    const std::uint64_t partial_bytes = conv2d_backward_weights_scratch_bytes(s);
    const Conv2dData data(s, true);
    const emulator::Profile profile;
    run_backward_weights(s, data);
    expect_lean(profile, num_weights / rows / columns, rows, columns, static_cast<std::uint64_t>(s.N * s.OH * s.OW),
                2 * partial_bytes + num_weights * sizeof(float));
  };
  expect(conv2d_case("64x64", 1, {8, 32, 128}, 128, 1, 1, {}, 2), 64, 64);
  expect(conv2d_case("128x64", 1, {66, 128, 64}, 128, 1, 1, {}, 1), 128, 64);
  expect(conv2d_case("64x128", 1, {66, 128, 128}, 64, 1, 1, {}, 1), 64, 128);
  expect(conv2d_case("128x128", 1, {66, 128, 128}, 128, 1, 1, {}, 1), 128, 128);
}

// Windows of 3 x 3 that leave the picture, channels in eights: whole sectors still.
TEST(Conv2dBackwardWeightsKernels, ReadWholeSectorsOfWindows) {
  for (const Conv2dCase& c : {conv2d_case("window", 1, {13, 13, 48}, 40, 3, 1, {1, 1, 1, 1}, 1),
                              conv2d_case("large_window", 8, {13, 13, 40}, 72, 3, 1, {1, 1, 1, 1}, 1)}) {
    const emulator::Profile profile;
    run_backward_weights(c.shape, Conv2dData(c.shape, true));
    const emulator::LineCounts& read = profile.line("= *reinterpret_cast<const float4*>(from)");
    EXPECT_EQ(read.sectors, read.least_sectors) << profile.table();
    EXPECT_EQ(profile.total().bank_conflicts(), 0U) << profile.table();
  }
}

TEST(Conv2dBackwardWeightsKernels, HaveNoBankConflictsWithOddChannels) {
  for (const Conv2dCase& c : odd_conv2d_cases()) {
    const emulator::Profile profile;
    run_backward_weights(c.shape, Conv2dData(c.shape, true));
    EXPECT_EQ(profile.total().bank_conflicts(), 0U) << c.name << "\n" << profile.table();
  }
}

}  // namespace
}  // namespace alexnet::test
