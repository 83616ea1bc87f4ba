#include "kernels/dropout.hpp"

#include <gtest/gtest.h>

#include "alexnet/core/rng.hpp"
#include "alexnet/reference/dropout.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

constexpr int kSlot = 7;

struct Case {
  std::int64_t N, units;
  float rate;
  DropoutScale scale;
  DropoutShape shape() const { return {N, units, kSlot, scale}; }
  std::size_t count() const { return static_cast<std::size_t>(N * units); }
  double kept_factor() const { return scale == DropoutScale::train ? 1 / (1 - static_cast<double>(rate)) : 1; }
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.N << "x" << c.units << " rate " << c.rate; }

const Case kCases[] = {
    {3, 13, 0.5F, DropoutScale::test},     {3, 1027, 0.5F, DropoutScale::train}, {5, 4096, 0.1F, DropoutScale::test},
    {3, 2052, 0.9F, DropoutScale::train},  {1, 1, 0.5F, DropoutScale::test},     {3, 1024, 0.001F, DropoutScale::train},
    {2, 9216, 0.25F, DropoutScale::train}, {3, 1028, 0, DropoutScale::train},    {3, 4096, 0.99999994F, DropoutScale::test},
};

StepParameters step_of(float rate) {
  StepParameters step;
  step.seed = 0x123456789abcdefULL;
  step.first_sample = 0xfffffffeULL;  // crosses 2^32 within the batch
  step.dropout_rate[kSlot] = rate;
  return step;
}

using Pass = void (*)(const DropoutShape&, const StepParameters*, const float*, float*, CudaStream);

std::vector<float> run(Pass pass, const Case& c, const std::vector<float>& values, bool in_place = false) {
  const DeviceArray<StepParameters> step("step", {step_of(c.rate)});
  const DeviceArray<float> src("src", values), other("dst", values.size());
  const DeviceArray<float>& dst = in_place ? src : other;
  pass(c.shape(), step.data(), src.data(), dst.data(), nullptr);
  return dst.values();
}

class DropoutKernels : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, DropoutKernels, testing::ValuesIn(kCases));

TEST_P(DropoutKernels, TrainingMatchesReference) {
  const Case& c = GetParam();
  const StepParameters step = step_of(c.rate);
  const std::vector<float> src = random_floats(c.count(), 1);
  const std::vector<double> expected =
      reference::dropout({step.seed, step.first_sample, kSlot, static_cast<double>(c.rate)}, c.N, c.units, c.kept_factor(), doubles(src));
  for_each_seed([&] {
    for (const Pass pass : {dropout_forward_train, dropout_backward_data}) {
      for (const bool in_place : {false, true}) EXPECT_TRUE(matches(run(pass, c, src, in_place), expected, kDropoutTolerance));
    }
  });
}

// The mask as ops/dropout.hpp defines it, and the factor as the CPU makes it: the same bits.
TEST_P(DropoutKernels, TheMaskIsTheDefinition) {
  const Case& c = GetParam();
  const StepParameters step = step_of(c.rate);
  const std::vector<float> src = random_floats(c.count(), 2), dst = run(dropout_forward_train, c, src);
  const auto stream = static_cast<std::uint32_t>(RandomStream::dropout) + kSlot;
  for (std::size_t i = 0; i < dst.size(); ++i) {
    const std::size_t n = i / static_cast<std::size_t>(c.units), u = i % static_cast<std::size_t>(c.units);
    const RandomBlock words = random_block(step.seed, stream, step.first_sample + n, static_cast<std::uint32_t>(u / 4));
    const bool dropped = static_cast<double>(words[u % 4]) < static_cast<double>(c.rate) * 0x1.0p32;
    ASSERT_EQ(dst[i], dropped ? 0.0F : src[i] * static_cast<float>(c.kept_factor())) << i;
  }
}

TEST_P(DropoutKernels, EvaluatingScalesByWhatIsKept) {
  const Case& c = GetParam();
  const std::vector<float> src = random_floats(c.count(), 1);
  std::vector<float> expected = src;
  if (c.scale == DropoutScale::test) {
    for (float& value : expected) value *= 1.0F - c.rate;
  }
  for_each_seed([&] {
    for (const bool in_place : {false, true}) EXPECT_EQ(run(dropout_forward_test, c, src, in_place), expected);
  });
}

// A path of vectors, and shares that 4 does not divide.
TEST(DropoutKernels, ADeviceWithSomeOfTheChannelsDrawsTheMaskOfTheNetwork) {
  for (const auto& [pixels, channels, first, all] :
       {std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>{1, 2048, 2048, 4096},
        {13, 8, 8, 16},
        {13, 5, 5, 10},
        {27, 3, 4, 7}}) {
    const Case c{3, pixels * channels, 0.5F, DropoutScale::train};
    DropoutShape shape = c.shape();
    shape.channels = channels;
    shape.first_channel = first;
    shape.all_channels = all;
    const StepParameters step = step_of(c.rate);
    const std::vector<float> src = random_floats(c.count(), 1);
    const std::vector<double> expected =
        reference::dropout({step.seed, step.first_sample, kSlot, static_cast<double>(c.rate), channels, first, all}, c.N, c.units,
                           c.kept_factor(), doubles(src));
    for_each_seed([&] {
      const DeviceArray<StepParameters> on_device("step", {step});
      const DeviceArray<float> values("values", src);
      dropout_forward_train(shape, on_device.data(), values.data(), values.data(), nullptr);
      EXPECT_TRUE(matches(values.values(), expected, kDropoutTolerance));
    });
  }
}

TEST(DropoutKernels, ReadAndWriteWholeSectorsWithoutBankConflicts) {
  const Case c{2, 4096, 0.5F, DropoutScale::train};
  const emulator::Profile profile;
  run(dropout_forward_train, c, random_floats(c.count(), 1));
  run(dropout_forward_test, c, random_floats(c.count(), 1));
  const std::uint64_t threads = c.count() / 4, blocks = threads / 256;
  // Besides each value once in and once out: seed and first sample for each thread, the rate for each block.
  EXPECT_EQ(profile.total().global_bytes, 2 * 2 * sizeof(float) * c.count() + threads * 16 + blocks * sizeof(float));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
  EXPECT_EQ(profile.total().bank_conflicts(), 0U);
}

}  // namespace
}  // namespace alexnet::test
