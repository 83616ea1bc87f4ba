#include "alexnet/ops/lrn.hpp"

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/lrn.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct Case {
  const char* name;
  std::int64_t N;
  Extent3 src;
  std::int64_t groups, size;
  float k, alpha, beta;
  LrnShape shape() const {
    // Sanitizer builds see the same channels and windows in smaller maps.
    const Extent3 extent = reduced() ? Extent3{std::min<std::int64_t>(src.H, 7), std::min<std::int64_t>(src.W, 5), src.C} : src;
    return LrnShape::infer(name, N, extent, groups, size, k, alpha, beta);
  }
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// Both conventions of alpha, as they arrive here: alpha, and alpha / size.
const Case kCases[] = {
    {"paper_lrn1", 3, {55, 55, 96}, 2, 5, 2, 1e-4F, 0.75F},
    {"original_lrn2", 3, {27, 27, 256}, 2, 5, 2, 1e-4F / 5, 0.75F},
    {"caffe_lrn2", 3, {27, 27, 256}, 1, 5, 1, 1e-4F / 5, 0.75F},
    {"size_3_beta_half", 3, {13, 13, 20}, 2, 3, 0.5F, 0.01F, 0.5F},
    {"size_9_beta_1", 3, {7, 5, 33}, 1, 9, 1, 0.003F, 1},
    {"size_15_beta_06", 3, {5, 7, 70}, 2, 15, 2, 0.002F, 0.6F},
    {"wider_than_a_column", 3, {13, 13, 10}, 2, 21, 1, 0.01F, 0.75F},
    {"wider_than_all", 2, {3, 5, 7}, 1, 9, 2, 0.01F, 0.6F},
    {"one_channel_a_column", 3, {5, 5, 4}, 4, 5, 2, 0.01F, 0.75F},
    {"size_1", 3, {5, 5, 17}, 1, 1, 1, 0.01F, 0.75F},
    {"row_longer_than_a_block", 1, {2, 1, 1500}, 1, 5, 2, 1e-3F, 0.75F},
};

Shape shape_of(const LrnShape& s) { return {s.N, s.H, s.W, s.C}; }

// Forward and backward of one op on inputs that are large enough for the sum to count.
struct Passes {
  explicit Passes(const LrnShape& s, int num_threads = 2)
      : src(shape_of(s)),
        diff_dst(shape_of(s)),
        dst(shape_of(s)),
        diff_src(shape_of(s)),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_lrn(s)),
        memory(*op) {
    src.fill_uniform(1, -50, 50);
    diff_dst.fill_uniform(2);
    op->forward(src, dst);
    op->backward_data(src, diff_dst, diff_src);
  }
  GuardedTensor src, diff_dst, dst, diff_src;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Lrn> op;
  BoundMemory memory;
};

class LrnTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, LrnTest, ::testing::ValuesIn(kCases), [](const auto& test) { return std::string(test.param.name); });

TEST_P(LrnTest, ForwardMatchesReference) {
  const LrnShape s = GetParam().shape();
  const Passes passes(s);
  EXPECT_TRUE(matches(passes.dst, reference::lrn_forward(s, passes.src.doubles()), kNormTolerance));
}

TEST_P(LrnTest, BackwardMatchesReference) {
  const LrnShape s = GetParam().shape();
  const Passes passes(s);
  const Doubles expected = reference::lrn_backward_data(s, passes.src.doubles(), passes.diff_dst.doubles());
  EXPECT_TRUE(matches(passes.diff_src, expected, kNormGradientTolerance));
}

TEST_P(LrnTest, AppliesTheMaskOfAReluInFront) {
  LrnShape s = GetParam().shape();
  const Passes without(s);
  s.src_is_relu = true;
  const Passes with(s);
  for (std::size_t i = 0; i < with.diff_src.values().size(); ++i) {
    ASSERT_EQ(with.diff_src.values()[i], with.src.values()[i] > 0 ? without.diff_src.values()[i] : 0) << "element " << i;
  }
  EXPECT_TRUE(same_bits(with.dst, without.dst));
}

TEST_P(LrnTest, StaysInBounds) {
  const Passes passes(GetParam().shape());
  for (const GuardedTensor* tensor : {&passes.src, &passes.diff_dst, &passes.dst, &passes.diff_src}) EXPECT_TRUE(tensor->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(LrnTest, IsDeterministic) {
  const Passes one(GetParam().shape(), 1);
  for (const int num_threads : {1, 2, 3}) {
    const Passes other(GetParam().shape(), num_threads);
    EXPECT_TRUE(same_bits(one.dst, other.dst)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.diff_src, other.diff_src)) << num_threads << " threads";
  }
}

TEST_P(LrnTest, ReferenceMatchesFiniteDifferences) {
  const Case& c = GetParam();
  // alpha 0.1: the window's share of the gradient is as large as the channel's own.
  const LrnShape s = LrnShape::infer(c.name, 2, {1, 2, std::min<std::int64_t>(c.src.C, 24)}, c.groups, c.size, c.k, 0.1F, c.beta);
  const auto count = static_cast<std::size_t>(2 * 2 * s.C);
  const Doubles src = random_doubles(count, 3, -3, 3), diff_dst = random_doubles(count, 4);
  const Doubles gradient = finite_differences(src, [&](const Doubles& x) { return dot(reference::lrn_forward(s, x), diff_dst); });
  EXPECT_TRUE(matches(reference::lrn_backward_data(s, src, diff_dst), gradient, kFiniteDifferencesTolerance));
}

TEST(Lrn, ReferenceIsTheFormula) {
  const LrnShape s = LrnShape::infer("lrn", 1, {1, 1, 4}, 1, 3, 2, 1, 1);
  // d = 2 + 1 + 4, 2 + 1 + 4 + 9, 2 + 4 + 9 + 16, 2 + 9 + 16
  EXPECT_TRUE(matches(reference::lrn_forward(s, {1, -2, 3, 4}), Doubles{1 / 7.0, -2 / 16.0, 3 / 31.0, 4 / 27.0}, {1e-15, 1e-15, "double"}));
}

TEST(Lrn, ColumnsDoNotSeeEachOther) {
  const LrnShape both = LrnShape::infer("both", 3, {13, 13, 96}, 2, 5, 2, 1e-2F, 0.75F);
  const LrnShape half = LrnShape::infer("half", 3, {13, 13, 48}, 1, 5, 2, 1e-2F, 0.75F);
  const Passes passes(both);
  for (const std::size_t column : {0, 1}) {
    GuardedTensor src(shape_of(half)), diff_dst(shape_of(half)), dst(shape_of(half)), diff_src(shape_of(half));
    const auto take = [&](const GuardedTensor& from, const GuardedTensor& to) {
      for (std::size_t i = 0; i < to.values().size(); ++i) to.values()[i] = from.values()[i / 48 * 96 + column * 48 + i % 48];
    };
    take(passes.src, src);
    take(passes.diff_dst, diff_dst);
    const auto op = passes.backend->make_lrn(half);
    const BoundMemory memory(*op);
    op->forward(src, dst);
    op->backward_data(src, diff_dst, diff_src);
    GuardedTensor expected_dst(shape_of(half)), expected_diff_src(shape_of(half));
    take(passes.dst, expected_dst);
    take(passes.diff_src, expected_diff_src);
    EXPECT_TRUE(same_bits(dst, expected_dst)) << "column " << column;
    EXPECT_TRUE(same_bits(diff_src, expected_diff_src)) << "column " << column;
  }
}

TEST(Lrn, RejectsBadShape) {
  const LrnShape s = LrnShape::infer("lrn", 2, {3, 3, 8}, 2, 5, 2, 1e-4F, 0.75F);
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_lrn(s);
  const BoundMemory memory(*op);
  const GuardedTensor good(shape_of(s)), bad({2, 3, 3, 9}), integers(shape_of(s), DType::i32);
  expect_error(ExitCode::internal, {"lrn: src", "(2, 3, 3, 9)", "(2, 3, 3, 8)"}, [&] { op->forward(bad, good); });
  expect_error(ExitCode::internal, {"lrn: dst", "(2, 3, 3, 9)"}, [&] { op->forward(good, bad); });
  expect_error(ExitCode::internal, {"lrn: src", "i32"}, [&] { op->forward(integers, good); });
  expect_error(ExitCode::internal, {"lrn: src"}, [&] { op->backward_data(bad, good, good); });
  expect_error(ExitCode::internal, {"lrn: diff_dst"}, [&] { op->backward_data(good, bad, good); });
  expect_error(ExitCode::internal, {"lrn: diff_src"}, [&] { op->backward_data(good, good, bad); });
}

}  // namespace
}  // namespace alexnet::test
