#include "alexnet/ops/softmax_cross_entropy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/softmax_cross_entropy.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct Case {
  std::int64_t N, num_classes;
  std::int32_t valid_images;
  float largest;  // logits are drawn from [-largest, largest]
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.valid_images << " of " << c.N << "x" << c.num_classes << " to " << c.largest; }

const Case kCases[] = {{3, 1000, 3, 5}, {13, 10, 13, 1}, {13, 10, 8, 100}, {55, 27, 55, 30},
                       {3, 2, 1, 1},    {4, 6, 0, 1},    {3, 1, 3, 1},     {2, 7, 2, 1.5e38F}};

using Labels = std::vector<std::int32_t>;

// The labels of images that count; the others have one that no network has.
Labels labels_of(const Case& c) {
  Labels labels;
  for (std::int32_t n = 0; n < c.valid_images; ++n) labels.push_back(static_cast<std::int32_t>((7 * n + 3) % c.num_classes));
  return labels;
}

struct Passes {
  explicit Passes(const Case& c, int num_threads = 2)
      : logits({c.N, c.num_classes}),
        labels({c.N}, DType::i32),
        probabilities({c.N, c.num_classes}),
        diff_logits({c.N, c.num_classes}),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_softmax_cross_entropy(c.N, c.num_classes)),
        memory(*op) {
    logits.fill_uniform(1, -c.largest, c.largest);
    std::ranges::fill(labels.values<std::int32_t>(), -77);
    std::ranges::copy(labels_of(c), labels.values<std::int32_t>().begin());
    step.count_images(c.valid_images);
    op->forward(&step, logits, labels, probabilities, &totals);
    op->backward_data(&step, probabilities, labels, diff_logits);
  }
  GuardedTensor logits, labels, probabilities, diff_logits;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<SoftmaxCrossEntropy> op;
  BoundMemory memory;
  StepParameters step;
  LossTotals totals;
};

// One call on the given rows.
LossTotals totals_of(std::int64_t num_classes, const std::vector<float>& logits, const Labels& label, Doubles* probabilities = nullptr) {
  const auto N = static_cast<std::int64_t>(label.size());
  GuardedTensor values({N, num_classes}), labels({N}, DType::i32);
  values.assign(logits);
  std::ranges::copy(label, labels.values<std::int32_t>().begin());
  const auto backend = make_backend("onednn", {2});
  const auto op = backend->make_softmax_cross_entropy(N, num_classes);
  const BoundMemory memory(*op);
  StepParameters step;
  step.count_images(N);
  LossTotals totals;
  op->forward(&step, values, labels, values, &totals);
  if (probabilities != nullptr) *probabilities = values.doubles();
  return totals;
}

class SoftmaxCrossEntropyTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxCrossEntropyTest, ::testing::ValuesIn(kCases));

TEST_P(SoftmaxCrossEntropyTest, ForwardMatchesReference) {
  const Passes passes(GetParam());
  const auto expected = reference::softmax_cross_entropy_forward(GetParam().num_classes, passes.logits.doubles(), labels_of(GetParam()));
  EXPECT_TRUE(matches(passes.probabilities, expected.probabilities, kSoftmaxTolerance));
  EXPECT_NEAR(passes.totals.loss, expected.totals.loss, 1e-13 * std::abs(expected.totals.loss));
  EXPECT_EQ(passes.totals.top1_errors, expected.totals.top1_errors);
  EXPECT_EQ(passes.totals.top5_errors, expected.totals.top5_errors);
  EXPECT_EQ(passes.totals.images, GetParam().valid_images);
  EXPECT_EQ(passes.totals.finite, 1);
}

TEST_P(SoftmaxCrossEntropyTest, BackwardMatchesReference) {
  const Passes passes(GetParam());
  const Doubles expected = reference::softmax_cross_entropy_backward_data(
      GetParam().num_classes, reference::softmax_cross_entropy_forward(GetParam().num_classes, passes.logits.doubles(), {}).probabilities,
      labels_of(GetParam()));
  EXPECT_TRUE(matches(passes.diff_logits, expected, kSoftmaxTolerance));
}

TEST_P(SoftmaxCrossEntropyTest, ThePartsOfAStepDivideByAllItsImages) {
  Passes passes(GetParam());
  passes.step.loss_images = 3 * GetParam().valid_images + 5;
  passes.op->backward_data(&passes.step, passes.probabilities, passes.labels, passes.diff_logits);
  const Doubles expected = reference::softmax_cross_entropy_backward_data(GetParam().num_classes, passes.probabilities.doubles(),
                                                                          labels_of(GetParam()), passes.step.loss_images);
  EXPECT_TRUE(matches(passes.diff_logits, expected, kSoftmaxTolerance));
}

TEST_P(SoftmaxCrossEntropyTest, ReferenceMatchesFiniteDifferences) {
  const std::int64_t num_classes = std::min<std::int64_t>(GetParam().num_classes, 20);
  const Labels labels = labels_of({GetParam().N, num_classes, GetParam().valid_images, 1});
  const Doubles logits = random_doubles(static_cast<std::size_t>(GetParam().N * num_classes), 3, -2, 2);
  const double images = std::max(1.0, static_cast<double>(labels.size()));
  const Doubles gradient = finite_differences(
      logits, [&](const Doubles& x) { return reference::softmax_cross_entropy_forward(num_classes, x, labels).totals.loss / images; });
  const Doubles probabilities = reference::softmax_cross_entropy_forward(num_classes, logits, labels).probabilities;
  EXPECT_TRUE(
      matches(reference::softmax_cross_entropy_backward_data(num_classes, probabilities, labels), gradient, kFiniteDifferencesTolerance));
}

TEST_P(SoftmaxCrossEntropyTest, StaysInBounds) {
  const Passes passes(GetParam());
  for (const GuardedTensor* tensor : {&passes.logits, &passes.labels, &passes.probabilities, &passes.diff_logits}) {
    EXPECT_TRUE(tensor->guards_intact());
  }
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(SoftmaxCrossEntropyTest, IsDeterministic) {
  const Passes one(GetParam(), 1);
  for (const int num_threads : {1, 2, 3}) {
    const Passes other(GetParam(), num_threads);
    EXPECT_TRUE(same_bits(one.probabilities, other.probabilities)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.diff_logits, other.diff_logits)) << num_threads << " threads";
    EXPECT_EQ(one.totals.loss, other.totals.loss) << num_threads << " threads";
  }
}

TEST_P(SoftmaxCrossEntropyTest, WorksInPlaceAndAddsToTheTotals) {
  Passes passes(GetParam());
  const LossTotals first = passes.totals;
  passes.op->forward(&passes.step, passes.logits, passes.labels, passes.logits, &passes.totals);
  EXPECT_TRUE(same_bits(passes.logits, passes.probabilities));
  EXPECT_EQ(passes.totals.top1_errors, 2 * first.top1_errors);
  EXPECT_EQ(passes.totals.top5_errors, 2 * first.top5_errors);
  EXPECT_EQ(passes.totals.images, 2 * first.images);
  EXPECT_NEAR(passes.totals.loss, 2 * first.loss, 1e-12 * std::abs(first.loss));
  passes.op->backward_data(&passes.step, passes.probabilities, passes.labels, passes.probabilities);
  EXPECT_TRUE(same_bits(passes.probabilities, passes.diff_logits));
}

TEST(SoftmaxCrossEntropy, AtEqualLogitsTheLossIsTheLogarithmOfTheClasses) {
  EXPECT_NEAR(totals_of(1000, std::vector<float>(2000, 3.5F), {0, 999}).loss, 2 * std::log(1000.0), 1e-12);
}

TEST(SoftmaxCrossEntropy, AtEqualLogitsTheLowerClassIsRankedFirst) {
  const std::vector<float> equal(8, 1.0F);
  const std::int64_t top1[] = {0, 1, 1, 1, 1, 1, 1, 1}, top5[] = {0, 0, 0, 0, 0, 1, 1, 1};
  for (std::int32_t label = 0; label < 8; ++label) {
    const LossTotals totals = totals_of(8, equal, {label});
    EXPECT_EQ(totals.top1_errors, top1[label]) << label;
    EXPECT_EQ(totals.top5_errors, top5[label]) << label;
  }
}

TEST(SoftmaxCrossEntropy, CountsRanks) {
  // Largest first: classes 2, 0, 5, 1, 4, 3.
  const std::vector<float> logits{8, 5, 9, 1, 4, 7};
  const std::int64_t rank[] = {1, 3, 0, 5, 4, 2};
  for (std::int32_t label = 0; label < 6; ++label) {
    const LossTotals totals = totals_of(6, logits, {label});
    EXPECT_EQ(totals.top1_errors, rank[label] >= 1 ? 1 : 0) << label;
    EXPECT_EQ(totals.top5_errors, rank[label] >= 5 ? 1 : 0) << label;
  }
}

TEST(SoftmaxCrossEntropy, LogitsThatAreNotFiniteAreErrors) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float wrong : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    // The label has the largest finite logit in both images; the second is in order.
    Doubles probabilities;
    const LossTotals totals = totals_of(3, {5, wrong, 1, 5, 0, 1}, {0, 0}, &probabilities);
    EXPECT_EQ(totals.finite, 0) << wrong;
    EXPECT_EQ(totals.top1_errors, 1) << wrong;
    EXPECT_EQ(totals.top5_errors, 1) << wrong;
    EXPECT_EQ(totals.images, 2) << wrong;
    EXPECT_TRUE(std::isnan(totals.loss)) << wrong;
    EXPECT_TRUE(std::isnan(probabilities[0]) && std::isnan(probabilities[1]) && std::isnan(probabilities[2])) << wrong;
    EXPECT_NEAR(probabilities[3] + probabilities[4] + probabilities[5], 1, 1e-6) << wrong;
  }
}

TEST(SoftmaxCrossEntropy, PaddingIsNotLookedAt) {
  Passes passes({3, 4, 2, 1});
  passes.logits.values()[8] = std::numeric_limits<float>::quiet_NaN();
  LossTotals totals;
  passes.op->forward(&passes.step, passes.logits, passes.labels, passes.probabilities, &totals);
  passes.op->backward_data(&passes.step, passes.probabilities, passes.labels, passes.diff_logits);
  EXPECT_EQ(totals.finite, 1);
  EXPECT_EQ(totals.loss, passes.totals.loss);
  for (std::size_t i = 8; i < 12; ++i) EXPECT_EQ(passes.diff_logits.values()[i], 0);
}

TEST(SoftmaxCrossEntropy, RejectsLabelsThatTheNetworkDoesNotHave) {
  for (const std::int32_t wrong : {-1, 10, 1000}) {
    expect_error(ExitCode::bad_data, {"picture 1", fmt::format("label {}", wrong), "10 classes", "data set"}, [&] {
      check_labels(10, std::vector<std::int32_t>{9, wrong});
    });
  }
}

TEST(SoftmaxCrossEntropy, RejectsBadShape) {
  Passes passes({3, 4, 3, 1});
  const GuardedTensor bad({3, 5}), bad_labels({4}, DType::i32), float_labels({3});
  SoftmaxCrossEntropy& op = *passes.op;
  const StepParameters* step = &passes.step;
  LossTotals* totals = &passes.totals;
  const auto forward = [&](const Tensor& logits, const Tensor& labels, const Tensor& probabilities) {
    return [=, &op] { op.forward(step, logits, labels, probabilities, totals); };
  };
  expect_error(ExitCode::internal, {"logits", "(3, 5)", "(3, 4)"}, forward(bad, passes.labels, passes.probabilities));
  expect_error(ExitCode::internal, {"labels", "(4)"}, forward(passes.logits, bad_labels, passes.probabilities));
  expect_error(ExitCode::internal, {"labels", "f32"}, forward(passes.logits, float_labels, passes.probabilities));
  expect_error(ExitCode::internal, {"probabilities"}, forward(passes.logits, passes.labels, bad));
  expect_error(ExitCode::internal, {"(3, 5)"}, [&] { op.backward_data(step, passes.probabilities, passes.labels, bad); });
  for (const std::int32_t valid_images : {-1, 4}) {
    passes.step.count_images(valid_images);
    expect_error(ExitCode::internal, {"valid images", "batch of 3"}, [&] { check_valid_images(3, passes.step); });
  }
  passes.step.valid_images = 3;
  passes.step.loss_images = 2;
  expect_error(ExitCode::internal, {"3 valid images in a step of 2"}, [&] { check_valid_images(3, passes.step); });
}

}  // namespace
}  // namespace alexnet::test
