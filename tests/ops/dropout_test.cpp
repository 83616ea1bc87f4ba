#include "alexnet/ops/dropout.hpp"

#include <algorithm>
#include <cmath>

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/dropout.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

constexpr int kSlot = 5;
constexpr std::uint64_t kSeed = 0x123456789abcdefULL;

StepParameters step_with(float rate, std::uint64_t first_sample = 1000, int slot = kSlot) {
  StepParameters step;
  step.seed = kSeed;
  step.first_sample = first_sample;
  step.dropout_rate[static_cast<std::size_t>(slot)] = rate;
  return step;
}

struct Case {
  std::int64_t N, units;
  float rate;
  DropoutScale scale;
  DropoutShape shape() const { return {N, units, kSlot, scale}; }
  double kept_factor() const { return scale == DropoutScale::train ? 1 / (1 - static_cast<double>(rate)) : 1; }
  Doubles expected(const Doubles& src) const {
    return reference::dropout({kSeed, 1000, kSlot, static_cast<double>(rate)}, N, units, kept_factor(), src);
  }
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.N << "x" << c.units << " rate " << c.rate << (c.scale == DropoutScale::train ? " scaled in training" : " scaled in tests");
}

// Units that do not fill a Philox block, and that do not fill the last block of many.
const Case kCases[] = {
    {3, 13, 0.5F, DropoutScale::test},     {3, 1027, 0.5F, DropoutScale::train}, {5, 4096, 0.1F, DropoutScale::test},
    {3, 2050, 0.9F, DropoutScale::train},  {1, 1, 0.5F, DropoutScale::test},     {3, 1024, 0.001F, DropoutScale::train},
    {2, 9216, 0.25F, DropoutScale::train},
};

struct Passes {
  explicit Passes(const Case& c, int num_threads = 2, std::uint64_t first_sample = 1000)
      : src({c.N, c.units}),
        diff_dst({c.N, c.units}),
        dst({c.N, c.units}),
        diff_src({c.N, c.units}),
        tested({c.N, c.units}),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_dropout(c.shape())),
        memory(*op) {
    src.fill_uniform(1);
    diff_dst.fill_uniform(2);
    const StepParameters step = step_with(c.rate, first_sample);
    op->forward_train(&step, src, dst);
    op->forward_test(&step, src, tested);
    op->backward_data(&step, diff_dst, diff_src);
  }
  GuardedTensor src, diff_dst, dst, diff_src, tested;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Dropout> op;
  BoundMemory memory;
};

class DropoutTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, DropoutTest, ::testing::ValuesIn(kCases));

TEST_P(DropoutTest, ForwardMatchesReference) {
  const Case& c = GetParam();
  const Passes passes(c);
  EXPECT_TRUE(matches(passes.dst, c.expected(passes.src.doubles()), kDropoutTolerance));
  Doubles tested = passes.src.doubles();
  if (c.scale == DropoutScale::test) {
    for (double& x : tested) x *= 1 - static_cast<double>(c.rate);
  }
  EXPECT_TRUE(matches(passes.tested, tested, kDropoutTolerance));
}

TEST_P(DropoutTest, BackwardMatchesReference) {
  const Passes passes(GetParam());
  EXPECT_TRUE(matches(passes.diff_src, GetParam().expected(passes.diff_dst.doubles()), kDropoutTolerance));
}

TEST_P(DropoutTest, ReferenceMatchesFiniteDifferences) {
  const Case& c = GetParam();
  const Case small{std::min<std::int64_t>(c.N, 2), std::min<std::int64_t>(c.units, 30), c.rate, c.scale};
  const auto count = static_cast<std::size_t>(small.N * small.units);
  const Doubles src = random_doubles(count, 3), diff_dst = random_doubles(count, 4);
  const Doubles gradient = finite_differences(src, [&](const Doubles& x) { return dot(small.expected(x), diff_dst); });
  EXPECT_TRUE(matches(small.expected(diff_dst), gradient, kFiniteDifferencesTolerance));
}

TEST_P(DropoutTest, StaysInBounds) {
  const Passes passes(GetParam());
  for (const GuardedTensor* tensor : {&passes.src, &passes.diff_dst, &passes.dst, &passes.diff_src, &passes.tested}) {
    EXPECT_TRUE(tensor->guards_intact());
  }
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(DropoutTest, IsDeterministic) {
  const Passes one(GetParam(), 1);
  for (const int num_threads : {1, 2, 3}) {
    const Passes other(GetParam(), num_threads);
    EXPECT_TRUE(same_bits(one.dst, other.dst)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.diff_src, other.diff_src)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.tested, other.tested)) << num_threads << " threads";
  }
}

TEST_P(DropoutTest, WorksInPlace) {
  const Passes passes(GetParam());
  const StepParameters step = step_with(GetParam().rate);
  GuardedTensor values({GetParam().N, GetParam().units});
  values.assign(passes.src.values());
  passes.op->forward_train(&step, values, values);
  EXPECT_TRUE(same_bits(values, passes.dst));
  values.assign(passes.src.values());
  passes.op->forward_test(&step, values, values);
  EXPECT_TRUE(same_bits(values, passes.tested));
  values.assign(passes.diff_dst.values());
  passes.op->backward_data(&step, values, values);
  EXPECT_TRUE(same_bits(values, passes.diff_src));
}

TEST(Dropout, TheMaskDoesNotDependOnTheBatch) {
  const std::int64_t units = 333;
  const auto masks = [&](std::int64_t N, std::uint64_t first_sample) {
    const Passes passes({N, units, 0.5F, DropoutScale::test}, 2, first_sample);
    std::vector<bool> dropped;
    for (const float x : passes.dst.values()) dropped.push_back(x == 0);
    return dropped;
  };
  std::vector<bool> halves = masks(4, 7);
  const std::vector<bool> second = masks(4, 11);
  EXPECT_NE(halves, second);
  halves.insert(halves.end(), second.begin(), second.end());
  EXPECT_EQ(masks(8, 7), halves);
  // Beyond 32 bits the stream's position still counts.
  EXPECT_NE(masks(4, 7), masks(4, 7 + (std::uint64_t{1} << 32)));
}

TEST(Dropout, TwoDevicesDrawTheMaskOfOne) {
  const auto backend = make_backend("onednn", {2});
  for (const auto& [pixels, all, first] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 4096, 2048}, {169, 10, 5}, {9, 7, 4}}) {
    const std::int64_t N = 3, units = pixels * all;
    GuardedTensor whole({N, units});
    whole.fill(1);
    const StepParameters step = step_with(0.5F);
    backend->make_dropout({N, units, kSlot, DropoutScale::test})->forward_train(&step, whole, whole);
    for (const auto& [begin, channels] : {std::pair{std::int64_t{0}, first}, {first, all - first}}) {
      GuardedTensor part({N, pixels * channels});
      part.fill(1);
      const auto op = backend->make_dropout({N, pixels * channels, kSlot, DropoutScale::test, DType::f32, channels, begin, all});
      op->forward_train(&step, part, part);
      EXPECT_TRUE(part.guards_intact());
      Doubles expected;
      for (std::int64_t pixel = 0; pixel < N * pixels; ++pixel) {
        for (std::int64_t c = 0; c < channels; ++c)
          expected.push_back(static_cast<double>(whole.values()[static_cast<std::size_t>(pixel * all + begin + c)]));
      }
      EXPECT_EQ(part.doubles(), expected) << all << " channels from " << begin;
    }
  }
}

TEST(Dropout, ChannelsThatAreNotInTheNetworkAreRefused) {
  const auto op = make_backend("onednn", {1})->make_dropout({2, 12, kSlot, DropoutScale::test, DType::f32, 4, 4, 7});
  const GuardedTensor values({2, 12});
  const StepParameters step = step_with(0.5F);
  expect_error(ExitCode::internal, {"dropout: 12 units in pixels of 4 channels from 4 on, of 7"},
               [&] { op->forward_train(&step, values, values); });
}

TEST(Dropout, TheMaskDependsOnSeedAndSlot) {
  const auto backend = make_backend("onednn", {2});
  const auto mask = [&](std::uint64_t seed, int slot) {
    const auto op = backend->make_dropout({2, 200, slot, DropoutScale::test});
    GuardedTensor ones({2, 200});
    ones.fill(1);
    StepParameters step = step_with(0.5F, 0, slot);
    step.seed = seed;
    op->forward_train(&step, ones, ones);
    return ones.doubles();
  };
  EXPECT_EQ(mask(1, 3), mask(1, 3));
  EXPECT_NE(mask(1, 3), mask(2, 3));
  EXPECT_NE(mask(1, 3), mask(1, 4));
  EXPECT_NE(mask(1, 3), mask((std::uint64_t{1} << 32) + 1, 3));
}

TEST(Dropout, DropsTheRate) {
  for (const float rate : {0.1F, 0.5F, 0.75F}) {
    const Passes passes({64, 4096, rate, DropoutScale::test});
    const auto values = passes.dst.values();
    const double count = 64.0 * 4096;
    const auto dropped = static_cast<double>(std::ranges::count(values, 0.0F));
    const double r = static_cast<double>(rate);
    // Five standard deviations of a binomial count; the seed is fixed, so this never changes.
    EXPECT_NEAR(dropped, count * r, 5 * std::sqrt(count * r * (1 - r))) << rate;
  }
}

TEST(Dropout, RateZeroLeavesValuesUntouched) {
  for (const DropoutScale scale : {DropoutScale::test, DropoutScale::train}) {
    const Passes passes({3, 1027, 0, scale});
    EXPECT_TRUE(same_bits(passes.dst, passes.src));
    EXPECT_TRUE(same_bits(passes.tested, passes.src));
    EXPECT_TRUE(same_bits(passes.diff_src, passes.diff_dst));
  }
}

TEST(Dropout, RejectsBadShape) {
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_dropout({2, 12, kSlot, DropoutScale::test});
  const GuardedTensor good({2, 12}), also_good({2, 1, 3, 4}), bad({2, 13}), other_batch({4, 6});
  const StepParameters step = step_with(0.5F);
  EXPECT_NO_THROW(op->forward_train(&step, also_good, good));
  expect_error(ExitCode::internal, {"dropout: src", "(2, 13)", "(2, 12)"}, [&] { op->forward_train(&step, bad, good); });
  expect_error(ExitCode::internal, {"dropout: src", "(4, 6)"}, [&] { op->forward_train(&step, other_batch, good); });
  expect_error(ExitCode::internal, {"dropout: dst"}, [&] { op->forward_test(&step, good, bad); });
  expect_error(ExitCode::internal, {"dropout: dst"}, [&] { op->backward_data(&step, good, bad); });
  for (const float rate : {1.0F, -0.5F, NAN}) {
    SCOPED_TRACE(rate);
    expect_error(ExitCode::internal, {"slot 5", "rate is"}, [&] { check_dropout_rates(step_with(rate)); });
  }
  const auto no_slot = backend->make_dropout({2, 12, kMaxLayers, DropoutScale::test});
  expect_error(ExitCode::internal, {"slot 64"}, [&] { no_slot->forward_train(&step, good, good); });
}

}  // namespace
}  // namespace alexnet::test
