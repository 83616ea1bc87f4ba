// Average pool of the onednn backend against the reference, padding counted or not.
#include <gmock/gmock.h>

#include "alexnet/ops/pool.hpp"
#include "alexnet/reference/pool.hpp"
#include "ops/onednn_ops.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct PoolCase {
  std::string name;
  PoolShape shape;
  bool count_pad;
};
void PrintTo(const PoolCase& c, std::ostream* out) { *out << c.name; }

std::vector<PoolCase> all_cases() {
  std::vector<PoolCase> cases;
  for (const bool count_pad : {false, true}) {
    const auto pool = [&](const std::string& name, Extent3 src, std::int64_t kernel_size, std::int64_t stride, Padding pad) {
      cases.push_back({name + (count_pad ? "_count_pad" : ""), PoolShape::infer(name, 3, src, kernel_size, stride, pad), count_pad});
    };
    pool("one_pixel", {1, 1, 1}, 1, 1, {});
    pool("overlapping", {55, 55, 16}, 3, 2, {});
    pool("odd_channels", {13, 27, 13}, 3, 2, {});
    pool("apart", {13, 13, 5}, 2, 3, {});
    pool("ceil", {16, 16, 32}, 3, 2, {0, 0, 1, 1});
    pool("padded_all_round", {13, 9, 7}, 5, 2, {2, 1, 2, 3});
    pool("whole_picture", {11, 11, 3}, 11, 1, {});
  }
  return cases;
}

struct Passes {
  explicit Passes(const PoolCase& c)
      : op(make_average_pool_onednn(c.shape, c.count_pad)),
        src(Shape{c.shape.N, c.shape.IH, c.shape.IW, c.shape.C}),
        dst(Shape{c.shape.N, c.shape.OH, c.shape.OW, c.shape.C}),
        diff_dst(dst.tensor().shape()),
        diff_src(src.tensor().shape()),
        memory(*op) {
    src.fill_integers(1);
    diff_dst.fill_integers(2);
  }
  void run() {
    op->forward(src, dst);
    op->backward_data(diff_dst, diff_src);
  }

  std::unique_ptr<AveragePool> op;
  GuardedTensor src, dst, diff_dst, diff_src;
  BoundMemory memory;
};

class AveragePoolTest : public ::testing::TestWithParam<PoolCase> {};
const auto case_name = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Shapes, AveragePoolTest, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(AveragePoolTest, ForwardMatchesReference) {
  Passes passes(GetParam());
  passes.run();
  const Doubles expected = reference::average_pool_forward(GetParam().shape, GetParam().count_pad, passes.src.doubles());
  EXPECT_TRUE(matches(passes.dst, expected, kAverageTolerance));
}

TEST_P(AveragePoolTest, BackwardMatchesReference) {
  Passes passes(GetParam());
  passes.run();
  const Doubles expected = reference::average_pool_backward_data(GetParam().shape, GetParam().count_pad, passes.diff_dst.doubles());
  EXPECT_TRUE(matches(passes.diff_src, expected, kAverageTolerance));
}

TEST_P(AveragePoolTest, StaysInBounds) {
  Passes passes(GetParam());
  passes.run();
  for (const GuardedTensor* t : {&passes.src, &passes.dst, &passes.diff_dst, &passes.diff_src}) EXPECT_TRUE(t->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(AveragePoolTest, IsDeterministic) {
  Passes a(GetParam()), b(GetParam());
  for (Passes* passes : {&a, &b}) {
    passes->src.fill_uniform(1);
    passes->diff_dst.fill_uniform(2);
    passes->run();
  }
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
}

TEST(AveragePool, CountsPaddingOnlyWhenAsked) {
  const PoolShape s = PoolShape::infer("pool", 1, {2, 2, 1}, 3, 2, {0, 0, 1, 1});  // one 3x3 window over four pixels of 9
  for (const bool count_pad : {false, true}) {
    Passes passes({"", s, count_pad});
    passes.src.fill(9);
    passes.op->forward(passes.src, passes.dst);
    EXPECT_THAT(passes.dst.values(), ::testing::ElementsAre(::testing::FloatEq(count_pad ? 4 : 9)));
  }
}

TEST(AveragePoolReference, ReferenceMatchesFiniteDifferences) {
  const PoolShape s = PoolShape::infer("pool", 2, {6, 5, 3}, 3, 2, {0, 1, 1, 0});
  const Doubles src = random_doubles(static_cast<std::size_t>(s.N * s.IH * s.IW * s.C), 1);
  const Doubles diff_dst = random_doubles(static_cast<std::size_t>(s.N * s.OH * s.OW * s.C), 2);
  for (const bool count_pad : {false, true}) {
    const auto loss = [&](const Doubles& x) { return dot(reference::average_pool_forward(s, count_pad, x), diff_dst); };
    EXPECT_TRUE(
        matches(reference::average_pool_backward_data(s, count_pad, diff_dst), finite_differences(src, loss), kFiniteDifferencesTolerance));
  }
}

TEST(AveragePool, RejectsBadShape) {
  const ExitCode code = ExitCode::configuration;
  expect_error(code, {"pool9", "kernel_size", "0"}, [] { PoolShape::infer("pool9", 1, {4, 4, 3}, 0, 2, {}); });
  expect_error(code, {"pool9", "number of input channels", "0"}, [] { PoolShape::infer("pool9", 1, {4, 4, 0}, 3, 2, {}); });
}

TEST(AveragePool, RejectsTensorsOfOtherShapes) {
  Passes p({"", PoolShape::infer("pool", 3, {5, 5, 2}, 3, 2, {}), false});
  const GuardedTensor other(Shape{3, 5, 5, 3});
  const ExitCode code = ExitCode::internal;
  expect_error(code, {"pool: src", "(3, 5, 5, 2)"}, [&] { p.op->forward(other, p.dst); });
  expect_error(code, {"pool: dst", "(3, 2, 2, 2)"}, [&] { p.op->forward(p.src, other); });
  expect_error(code, {"diff_dst"}, [&] { p.op->backward_data(other, p.diff_src); });
  expect_error(code, {"diff_src"}, [&] { p.op->backward_data(p.diff_dst, other); });
}

}  // namespace
}  // namespace alexnet::test
