#include "kernels/softmax_cross_entropy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/softmax_cross_entropy.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Result {
  std::vector<float> probabilities;
  LossTotals totals;
};

// Labels are of the images that count; logits may have more rows.
Result run(std::int64_t num_classes, const std::vector<float>& values, std::vector<std::int32_t> labels, bool in_place = false) {
  StepParameters parameters;
  parameters.count_images(static_cast<std::int64_t>(labels.size()));
  const auto N = static_cast<std::int64_t>(values.size()) / num_classes;
  labels.resize(static_cast<std::size_t>(N), -7);  // padding's are not looked at
  const DeviceArray<StepParameters> step("step", {parameters});
  const DeviceArray<float> logits("logits", values), other("probabilities", values.size());
  const DeviceArray<std::int32_t> label("labels", labels);
  const DeviceArray<ImageLoss> losses("losses", static_cast<std::size_t>(N));
  const DeviceArray<LossTotals> totals("totals", {LossTotals{}});
  const DeviceArray<float>& probabilities = in_place ? logits : other;
  softmax_cross_entropy_forward({N, num_classes}, step.data(), logits.data(), label.data(), probabilities.data(), losses.data(),
                                totals.data(), nullptr);
  return {probabilities.values(), totals.values()[0]};
}

std::vector<std::int32_t> some_labels(std::size_t count, std::int64_t num_classes) {
  std::vector<std::int32_t> labels(count);
  for (std::size_t n = 0; n < count; ++n) labels[n] = static_cast<std::int32_t>(n * 7919 % static_cast<std::size_t>(num_classes));
  return labels;
}

TEST(SoftmaxCrossEntropyKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const std::int64_t num_classes : {1, 2, 10, 255, 257, 1000}) {
      for (const std::size_t N : {1, 3, 37}) {
        const std::size_t valid = N - N / 3;
        const std::vector<float> logits = random_floats(N * static_cast<std::size_t>(num_classes), N, -20, 20);
        const std::vector<std::int32_t> labels = some_labels(valid, num_classes);
        const auto expected = reference::softmax_cross_entropy_forward(num_classes, doubles(logits), labels);
        for (const bool in_place : {false, true}) {
          const Result result = run(num_classes, logits, labels, in_place);
          EXPECT_TRUE(matches(result.probabilities, expected.probabilities, kSoftmaxTolerance)) << N << " x " << num_classes;
          EXPECT_NEAR(result.totals.loss, expected.totals.loss, 1e-6 * (1 + std::abs(expected.totals.loss))) << N << " x " << num_classes;
          EXPECT_EQ(result.totals.top1_errors, expected.totals.top1_errors);
          EXPECT_EQ(result.totals.top5_errors, expected.totals.top5_errors);
          EXPECT_EQ(result.totals.images, static_cast<std::int64_t>(valid));
          EXPECT_EQ(result.totals.finite, 1);
        }
      }
    }
  });
}

TEST(SoftmaxCrossEntropyKernels, IsDeterministic) {
  const std::vector<float> logits = random_floats(37 * 1000, 5, -20, 20);
  emulator::options().seed = 1;
  const Result one = run(1000, logits, some_labels(37, 1000));
  emulator::options().seed = 2;
  const Result other = run(1000, logits, some_labels(37, 1000));
  EXPECT_EQ(one.probabilities, other.probabilities);
  EXPECT_EQ(one.totals.loss, other.totals.loss);
}

TEST(SoftmaxCrossEntropyKernels, AtEqualLogitsTheLowerClassIsRankedFirst) {
  const std::vector<float> equal(8, 1.0F);
  for (std::int32_t label = 0; label < 8; ++label) {
    const LossTotals totals = run(8, equal, {label}).totals;
    EXPECT_EQ(totals.top1_errors, label >= 1 ? 1 : 0) << label;
    EXPECT_EQ(totals.top5_errors, label >= 5 ? 1 : 0) << label;
  }
}

TEST(SoftmaxCrossEntropyKernels, LogitsThatAreNotFiniteAreErrors) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float wrong : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    const Result result = run(3, {5, wrong, 1, 5, 0, 1}, {0, 0});
    EXPECT_EQ(result.totals.finite, 0) << wrong;
    EXPECT_EQ(result.totals.top1_errors, 1) << wrong;
    EXPECT_EQ(result.totals.top5_errors, 1) << wrong;
    EXPECT_TRUE(std::isnan(result.totals.loss)) << wrong;
    for (std::size_t c = 0; c < 3; ++c) EXPECT_TRUE(std::isnan(result.probabilities[c])) << wrong;
    EXPECT_NEAR(result.probabilities[3] + result.probabilities[4] + result.probabilities[5], 1, 1e-6) << wrong;
  }
}

TEST(SoftmaxCrossEntropyKernels, HasNoBankConflicts) {
  const emulator::Profile profile;
  run(1000, random_floats(2 * 1000, 3), {1, 2});
  EXPECT_GT(profile.total().shared_requests, 0U);
  EXPECT_EQ(profile.total().bank_conflicts(), 0U);
}

// Labels are of the images that count; probabilities may have more rows, whose gradient is 0. The step has one image more.
std::vector<float> run_backward(std::int64_t num_classes, const std::vector<float>& values, std::vector<std::int32_t> labels,
                                bool in_place = false) {
  StepParameters parameters;
  parameters.valid_images = static_cast<std::int32_t>(labels.size());
  parameters.loss_images = parameters.valid_images + 1;
  const auto N = static_cast<std::int64_t>(values.size()) / num_classes;
  labels.resize(static_cast<std::size_t>(N), -7);
  const DeviceArray<StepParameters> step("step", {parameters});
  const DeviceArray<float> probabilities("probabilities", values), other("diff_logits", values.size());
  const DeviceArray<std::int32_t> label("labels", labels);
  const DeviceArray<float>& diff_logits = in_place ? probabilities : other;
  softmax_cross_entropy_backward_data({N, num_classes}, step.data(), probabilities.data(), label.data(), diff_logits.data(), nullptr);
  return diff_logits.values();
}

TEST(SoftmaxCrossEntropyKernels, BackwardMatchesReference) {
  for_each_seed([] {
    for (const std::int64_t num_classes : {1, 2, 10, 257, 1000}) {
      for (const std::size_t N : {1, 3, 37}) {
        const std::vector<float> probabilities = random_floats(N * static_cast<std::size_t>(num_classes), N, 0, 1);
        const std::vector<std::int32_t> labels = some_labels(N - N / 3, num_classes);
        const std::vector<double> expected = reference::softmax_cross_entropy_backward_data(num_classes, doubles(probabilities), labels,
                                                                                            static_cast<std::int64_t>(labels.size()) + 1);
        for (const bool in_place : {false, true}) {
          EXPECT_TRUE(matches(run_backward(num_classes, probabilities, labels, in_place), expected, kSoftmaxTolerance))
              << N << " x " << num_classes;
        }
      }
    }
  });
}

TEST(SoftmaxCrossEntropyKernels, PaddingHasNoGradientAndANanOneOfItsOwn) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> diff_logits = run_backward(2, {nan, nan, 0.25F, 0.75F, nan, 0.5F}, {0, 1});
  EXPECT_TRUE(std::isnan(diff_logits[0]) && std::isnan(diff_logits[1]));
  EXPECT_EQ(std::vector<float>(diff_logits.begin() + 2, diff_logits.end()), (std::vector<float>{0.25F / 3, -0.25F / 3, 0, 0}));
  EXPECT_EQ(run_backward(2, {0.5F, 0.5F}, {}), (std::vector<float>{0, 0}));
}

TEST(SoftmaxCrossEntropyKernels, BackwardReadsAndWritesWholeSectors) {
  const emulator::Profile profile;
  run_backward(1000, random_floats(2 * 1000, 3), {1, 2});
  // Besides each value once in and once out, each thread looks up the two numbers of images and its image's label.
  EXPECT_EQ(profile.total().global_bytes, 2 * 2 * 1000 * sizeof(float) + 2 * 256 * 3 * sizeof(std::int32_t));
  EXPECT_EQ(profile.total().sectors, profile.total().least_sectors);
}

}  // namespace
}  // namespace alexnet::test
