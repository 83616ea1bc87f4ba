// Max-pool of the onednn backend against the reference. Integers in [-4, 4] give many equal maxima: the winner is tested by where its
// gradient goes.
#include <gmock/gmock.h>

#include <limits>

#include "alexnet/ops/pool.hpp"
#include "alexnet/reference/pool.hpp"
#include "ops/onednn_ops.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct PoolCase {
  std::string name;
  PoolShape shape;
};
void PrintTo(const PoolCase& c, std::ostream* out) { *out << c.name; }

std::vector<PoolCase> all_cases() {
  const auto pool = [](const char* name, Extent3 src, std::int64_t kernel_size, std::int64_t stride, Padding pad) {
    return PoolCase{name, PoolShape::infer(name, 3, src, kernel_size, stride, pad)};
  };
  return {
      pool("one_pixel", {1, 1, 1}, 1, 1, {}),
      pool("pool1", {55, 55, 96}, 3, 2, {}),
      pool("pool2", {27, 27, 256}, 3, 2, {}),
      pool("pool5", {13, 13, 256}, 3, 2, {}),
      pool("odd_channels", {13, 27, 13}, 3, 2, {}),
      pool("apart", {13, 13, 5}, 2, 3, {}),
      pool("side_by_side", {28, 28, 17}, 2, 2, {}),
      pool("ceil", {32, 32, 32}, 3, 2, {0, 0, 1, 1}),
      pool("padded_all_round", {13, 9, 7}, 5, 2, {2, 1, 2, 3}),
      pool("whole_picture", {7, 7, 3}, 7, 1, {}),
  };
}

struct Passes {
  explicit Passes(const PoolShape& s, bool with_workspace = true)
      : op(make_max_pool_onednn(s)),
        src(Shape{s.N, s.IH, s.IW, s.C}),
        dst(Shape{s.N, s.OH, s.OW, s.C}),
        diff_dst(dst.tensor().shape()),
        diff_src(src.tensor().shape()),
        memory(*op, with_workspace) {
    src.fill_integers(1);
    diff_dst.fill_integers(2);
  }
  void run() {
    op->forward(src, dst);
    op->backward_data(diff_dst, diff_src);
  }

  std::unique_ptr<MaxPool> op;
  GuardedTensor src, dst, diff_dst, diff_src;
  BoundMemory memory;
};

class MaxPoolTest : public ::testing::TestWithParam<PoolCase> {};
const auto case_name = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Shapes, MaxPoolTest, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(MaxPoolTest, ForwardMatchesReference) {
  const PoolShape& s = GetParam().shape;
  for (const bool with_workspace : {true, false}) {
    Passes passes(s, with_workspace);
    passes.op->forward(passes.src, passes.dst);
    EXPECT_TRUE(matches(passes.dst, reference::max_pool_forward(s, passes.src.doubles()), kExact)) << "workspace: " << with_workspace;
  }
}

TEST_P(MaxPoolTest, BackwardMatchesReference) {
  const PoolShape& s = GetParam().shape;
  Passes passes(s);
  passes.run();
  EXPECT_TRUE(matches(passes.diff_src, reference::max_pool_backward_data(s, passes.src.doubles(), passes.diff_dst.doubles()), kExact));
}

TEST_P(MaxPoolTest, PaddingNeverWins) {
  const PoolShape& s = GetParam().shape;
  Passes passes(s);
  passes.src.fill_integers(3, -1000, -1);
  passes.run();
  EXPECT_TRUE(matches(passes.dst, reference::max_pool_forward(s, passes.src.doubles()), kExact));
  EXPECT_TRUE(matches(passes.diff_src, reference::max_pool_backward_data(s, passes.src.doubles(), passes.diff_dst.doubles()), kExact));
}

TEST_P(MaxPoolTest, FirstOfEqualMaximaWins) {
  const PoolShape& s = GetParam().shape;
  Passes passes(s);
  passes.src.fill(2);
  passes.diff_dst.fill(1);
  passes.run();
  EXPECT_TRUE(matches(passes.diff_src, reference::max_pool_backward_data(s, passes.src.doubles(), passes.diff_dst.doubles()), kExact));
}

TEST_P(MaxPoolTest, StaysInBounds) {
  Passes passes(GetParam().shape);
  passes.run();
  for (const GuardedTensor* t : {&passes.src, &passes.dst, &passes.diff_dst, &passes.diff_src}) EXPECT_TRUE(t->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(MaxPoolTest, IsDeterministic) {
  Passes a(GetParam().shape), b(GetParam().shape);
  for (Passes* passes : {&a, &b}) {
    passes->src.fill_uniform(1);
    passes->diff_dst.fill_uniform(2);
    passes->run();
  }
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
}

TEST(MaxPoolReference, ReferenceMatchesFiniteDifferences) {
  const PoolShape s = PoolShape::infer("pool", 2, {6, 5, 3}, 3, 2, {0, 1, 1, 0});
  const Doubles src = random_doubles(static_cast<std::size_t>(s.N * s.IH * s.IW * s.C), 1);
  const Doubles diff_dst = random_doubles(static_cast<std::size_t>(s.N * s.OH * s.OW * s.C), 2);
  const auto loss = [&](const Doubles& x) { return dot(reference::max_pool_forward(s, x), diff_dst); };
  // The step is smaller than the distance of any two values of the same map.
  EXPECT_TRUE(
      matches(reference::max_pool_backward_data(s, src, diff_dst), finite_differences(src, loss, 1e-7), kFiniteDifferencesTolerance));
}

TEST(MaxPool, IgnoresNotANumber) {
  const PoolShape s = PoolShape::infer("pool", 1, {2, 4, 1}, 2, 2, {});
  Passes passes(s);
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  passes.src.assign(std::vector<float>{nan, -7, nan, nan, nan, nan, -infinity, -infinity});
  passes.op->forward(passes.src, passes.dst);
  EXPECT_THAT(passes.dst.values(), ::testing::ElementsAre(-7, std::numeric_limits<float>::lowest()));
}

TEST(MaxPool, RejectsBadShape) {
  const ExitCode code = ExitCode::configuration;
  expect_error(code, {"pool9", "kernel_size 3", "width of 2"}, [] { PoolShape::infer("pool9", 1, {4, 2, 3}, 3, 2, {}); });
  expect_error(code, {"pool9", "stride", "0"}, [] { PoolShape::infer("pool9", 1, {4, 4, 3}, 3, 0, {}); });
  expect_error(code, {"pool9", "pad is 3"}, [] { PoolShape::infer("pool9", 1, {4, 4, 3}, 3, 1, {3, 0, 0, 0}); });
}

TEST(MaxPool, RejectsTensorsOfOtherShapes) {
  Passes p(PoolShape::infer("pool", 3, {5, 5, 2}, 3, 2, {}));
  const GuardedTensor other(Shape{3, 5, 5, 3});
  const ExitCode code = ExitCode::internal;
  expect_error(code, {"pool: src", "(3, 5, 5, 3)", "(3, 5, 5, 2)"}, [&] { p.op->forward(other, p.dst); });
  expect_error(code, {"pool: dst", "(3, 2, 2, 2)"}, [&] { p.op->forward(p.src, other); });
  expect_error(code, {"diff_dst"}, [&] { p.op->backward_data(other, p.diff_src); });
  expect_error(code, {"diff_src"}, [&] { p.op->backward_data(p.diff_dst, other); });
}

TEST(MaxPool, RejectsBackwardWithoutWorkspace) {
  Passes passes(PoolShape::infer("pool", 3, {5, 5, 2}, 3, 2, {}), false);
  passes.op->forward(passes.src, passes.dst);
  expect_error(ExitCode::internal, {"max_pool", "without a workspace"},
               [&] { passes.op->backward_data(passes.diff_dst, passes.diff_src); });
}

}  // namespace
}  // namespace alexnet::test
