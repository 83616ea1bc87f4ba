// Activations of the onednn backend against the reference, in place and not.
#include "alexnet/ops/activation.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/activation.hpp"
#include "ops/onednn_ops.hpp"
#include "support/activations.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct ActivationCase {
  std::string name;
  ActivationFunction function;
  Shape shape;
};
void PrintTo(const ActivationCase& c, std::ostream* out) { *out << c.name; }

std::vector<ActivationCase> all_cases() {
  std::vector<ActivationCase> cases;
  for (const ActivationFunction& function : all_activations()) {
    const std::string prefix = activation_name(function);
    cases.push_back({prefix + "_one_value", function, {1, 1, 1, 1}});
    cases.push_back({prefix + "_matrix", function, {3, 55}});
    cases.push_back({prefix + "_pictures", function, {3, 13, 27, 5}});
    cases.push_back({prefix + "_several_slices", function, {3, 55, 55, 13}});
  }
  return cases;
}

const Tolerance& tolerance(const ActivationFunction& f) { return f.kind == ActivationKind::relu ? kExact : kActivationTolerance; }

struct Passes {
  explicit Passes(const ActivationCase& c)
      : op(make_activation_onednn(c.function, c.shape)), src(c.shape), dst(c.shape), diff_dst(c.shape), diff_src(c.shape), memory(*op) {
    src.fill_integers(1);
    diff_dst.fill_integers(2);
  }
  void run() {
    op->forward(src, dst);
    op->backward_data(dst, diff_dst, diff_src);
  }

  std::unique_ptr<Activation> op;
  GuardedTensor src, dst, diff_dst, diff_src;
  BoundMemory memory;
};

class ActivationTest : public ::testing::TestWithParam<ActivationCase> {};
const auto case_name = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Shapes, ActivationTest, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(ActivationTest, ForwardMatchesReference) {
  Passes passes(GetParam());
  for (const float range : {0.01F, 1.0F, 20.0F}) {
    passes.src.fill_uniform(3, -range, range);
    passes.op->forward(passes.src, passes.dst);
    EXPECT_TRUE(
        matches(passes.dst, reference::activation_forward(GetParam().function, passes.src.doubles()), tolerance(GetParam().function)));
  }
}

TEST_P(ActivationTest, BackwardMatchesReference) {
  Passes passes(GetParam());
  passes.run();
  EXPECT_TRUE(matches(passes.diff_src,
                      reference::activation_backward_data(GetParam().function, passes.dst.doubles(), passes.diff_dst.doubles()),
                      tolerance(GetParam().function)));
}

TEST_P(ActivationTest, WorksInPlace) {
  Passes apart(GetParam()), in_place(GetParam());
  apart.run();
  in_place.op->forward(in_place.src, in_place.src);
  in_place.op->backward_data(in_place.src, in_place.diff_dst, in_place.diff_dst);
  EXPECT_TRUE(same_bits(in_place.src, apart.dst));
  EXPECT_TRUE(same_bits(in_place.diff_dst, apart.diff_src));
}

TEST_P(ActivationTest, StaysInBounds) {
  Passes passes(GetParam());
  passes.run();
  for (const GuardedTensor* t : {&passes.src, &passes.dst, &passes.diff_dst, &passes.diff_src}) EXPECT_TRUE(t->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(ActivationTest, IsDeterministic) {
  Passes a(GetParam()), b(GetParam());
  a.run();
  b.run();
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
}

TEST_P(ActivationTest, RejectsTensorsOfOtherShapes) {
  Passes p(GetParam());
  const GuardedTensor other(Shape{7, 7});
  const ExitCode code = ExitCode::internal;
  const std::string want = GetParam().shape.str();
  expect_error(code, {"forward: src", "(7, 7)", want}, [&] { p.op->forward(other, p.dst); });
  expect_error(code, {"forward: dst", want}, [&] { p.op->forward(p.src, other); });
  expect_error(code, {"backward_data: dst", want}, [&] { p.op->backward_data(other, p.diff_dst, p.diff_src); });
  expect_error(code, {"backward_data: diff_dst", want}, [&] { p.op->backward_data(p.dst, other, p.diff_src); });
  expect_error(code, {"backward_data: diff_src", want}, [&] { p.op->backward_data(p.dst, p.diff_dst, other); });
}

TEST(Activation, KeepsNotANumberAndInfinity) {
  constexpr std::int64_t kCount = 37;  // whole vectors and a rest
  const float infinity = std::numeric_limits<float>::infinity();
  for (const ActivationFunction& function : all_activations()) {
    Passes passes({"", function, {kCount}});
    passes.src.fill(std::numeric_limits<float>::quiet_NaN());
    passes.op->forward(passes.src, passes.dst);
    for (const float value : passes.dst.values()) EXPECT_TRUE(std::isnan(value));
    for (const float end : {infinity, -infinity}) {
      passes.src.fill(end);
      passes.op->forward(passes.src, passes.dst);
      EXPECT_TRUE(matches(passes.dst, reference::activation_forward(function, passes.src.doubles()), kExact)) << activation_name(function);
    }
  }
}

TEST(ActivationReference, ReferenceMatchesFiniteDifferences) {
  const Doubles src = random_doubles(200, 1, -2, 2), diff_dst = random_doubles(200, 2);
  for (const ActivationFunction& function : all_activations()) {
    const auto loss = [&](const Doubles& x) { return dot(reference::activation_forward(function, x), diff_dst); };
    const Doubles dst = reference::activation_forward(function, src);
    EXPECT_TRUE(
        matches(reference::activation_backward_data(function, dst, diff_dst), finite_differences(src, loss), kFiniteDifferencesTolerance))
        << activation_name(function);
  }
}

}  // namespace
}  // namespace alexnet::test
