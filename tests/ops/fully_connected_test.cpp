// Fully connected layer of the onednn backend against the reference, and the reference against finite differences.
#include "alexnet/ops/fully_connected.hpp"

#include <gmock/gmock.h>

#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "alexnet/reference/fully_connected.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"

namespace alexnet::test {
namespace {

struct FullyConnectedCase {
  std::string name;
  FullyConnectedShape shape;
};
void PrintTo(const FullyConnectedCase& c, std::ostream* out) { *out << c.name; }

std::vector<FullyConnectedCase> all_cases() {
  const auto fc = [](const char* name, Extent3 src, std::int64_t OC, std::int64_t groups) {
    return FullyConnectedCase{name, FullyConnectedShape::infer(name, 3, src, OC, groups)};
  };
  std::vector<FullyConnectedCase> cases{fc("one_value", {1, 1, 1}, 1, 1),
                                        fc("odd_matrix", {1, 1, 55}, 13, 1),
                                        fc("from_pictures", {5, 7, 13}, 27, 1),
                                        fc("two_columns", {1, 1, 64}, 32, 2),
                                        fc("two_columns_of_pictures", {6, 6, 32}, 48, 2),
                                        fc("two_odd_columns", {5, 3, 6}, 10, 2)};
  for (auto& [name, s] : reference::alexnet_fully_connected_shapes(3)) {
    const std::int64_t OC = reduced() ? s.OC / 8 : s.OC;
    cases.push_back({name, FullyConnectedShape::infer(name, s.N, {s.IH, s.IW, s.IC}, OC, s.groups)});
  }
  return cases;
}

WeightedPasses<FullyConnected> make_passes(const FullyConnectedShape& s, Epilogue epilogue) {
  return {make_fully_connected_onednn(s, epilogue), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.IH, s.IW, s.IC / s.groups}, {s.N, 1, 1, s.OC}};
}

class FullyConnectedTest : public ::testing::TestWithParam<FullyConnectedCase> {};
const auto case_name = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Shapes, FullyConnectedTest, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(FullyConnectedTest, ForwardMatchesReference) {
  const FullyConnectedShape& s = GetParam().shape;
  auto passes = make_passes(s, Epilogue::none);
  passes.fill_integers().forward();
  const Doubles expected = reference::fully_connected_forward(s, passes.src.doubles(), passes.weights.doubles(), passes.bias.doubles());
  EXPECT_TRUE(matches(passes.dst, expected, kExact));

  auto fused = make_passes(s, Epilogue::relu);
  fused.fill_integers().forward();
  EXPECT_TRUE(matches(fused.dst, reference::relu_forward(expected), kExact));
}

TEST_P(FullyConnectedTest, BackwardMatchesReference) {
  const FullyConnectedShape& s = GetParam().shape;
  auto passes = make_passes(s, Epilogue::none);
  passes.fill_integers();
  passes.backward_data();
  passes.backward_weights();
  EXPECT_TRUE(
      matches(passes.diff_src, reference::fully_connected_backward_data(s, passes.diff_dst.doubles(), passes.weights.doubles()), kExact));
  const auto expected = reference::fully_connected_backward_weights(s, passes.src.doubles(), passes.diff_dst.doubles());
  EXPECT_TRUE(matches(passes.diff_weights, expected.diff_weights, kExact));
  EXPECT_TRUE(matches(passes.diff_bias, expected.diff_bias, kExact));
}

TEST_P(FullyConnectedTest, StaysInBounds) { make_passes(GetParam().shape, Epilogue::relu).fill_integers().run().expect_guards_intact(); }

TEST_P(FullyConnectedTest, IsDeterministic) {
  const FullyConnectedShape& s = GetParam().shape;
  auto a = make_passes(s, Epilogue::none), b = make_passes(s, Epilogue::none);
  a.fill_uniform().run();
  b.fill_uniform().run();
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
  EXPECT_TRUE(same_bits(a.diff_weights, b.diff_weights));
  EXPECT_TRUE(same_bits(a.diff_bias, b.diff_bias));
}

// A batch of 1, and one that fills the kernels' blocks: oneDNN chooses other code for them.
TEST(FullyConnected, EveryBatchSizeMatchesReference) {
  for (const std::int64_t N : {1, 64}) {
    const FullyConnectedShape s = FullyConnectedShape::infer("fc", N, {3, 3, 40}, 100, 1);
    auto passes = make_passes(s, Epilogue::none);
    passes.fill_integers().run();
    EXPECT_TRUE(matches(
        passes.dst, reference::fully_connected_forward(s, passes.src.doubles(), passes.weights.doubles(), passes.bias.doubles()), kExact));
    const auto expected = reference::fully_connected_backward_weights(s, passes.src.doubles(), passes.diff_dst.doubles());
    EXPECT_TRUE(matches(passes.diff_weights, expected.diff_weights, kExact));
  }
}

TEST(FullyConnected, TakesMatricesAndPictures) {
  for (const std::int64_t groups : {1, 2}) {
    const FullyConnectedShape s = FullyConnectedShape::infer("fc", 3, {2, 5, 4}, 6, groups);
    auto a = make_passes(s, Epilogue::none), b = make_passes(s, Epilogue::none);
    a.fill_integers().run();
    b.fill_integers();
    const Tensor src = b.src.tensor().reshaped({3, 40}), dst = b.dst.tensor().reshaped({3, 6});
    const Tensor weights = b.weights.tensor().reshaped({6, 40 / groups});
    b.op->forward(src, weights, b.bias, dst);
    b.op->backward_data(b.diff_dst.tensor().reshaped({3, 6}), weights, b.diff_src.tensor().reshaped({3, 40}));
    EXPECT_TRUE(same_bits(a.dst, b.dst));
    EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
  }
}

TEST(FullyConnectedReference, ReferenceMatchesFiniteDifferences) {
  for (const std::int64_t groups : {1, 2}) {
    const FullyConnectedShape s = FullyConnectedShape::infer("fc", 2, {3, 2, 4}, 6, groups);
    const Doubles src = random_doubles(static_cast<std::size_t>(s.N * s.num_inputs()), 1);
    const Doubles weights = random_doubles(static_cast<std::size_t>(s.num_weights()), 2);
    const Doubles bias = random_doubles(static_cast<std::size_t>(s.OC), 3);
    const Doubles diff_dst = random_doubles(static_cast<std::size_t>(s.N * s.OC), 4);
    const auto loss = [&](const Doubles& x, const Doubles& w, const Doubles& b) {
      return dot(reference::fully_connected_forward(s, x, w, b), diff_dst);
    };
    const auto gradient = reference::fully_connected_backward_weights(s, src, diff_dst);
    EXPECT_TRUE(matches(reference::fully_connected_backward_data(s, diff_dst, weights),
                        finite_differences(src, [&](const Doubles& x) { return loss(x, weights, bias); }), kFiniteDifferencesTolerance));
    EXPECT_TRUE(matches(gradient.diff_weights, finite_differences(weights, [&](const Doubles& w) { return loss(src, w, bias); }),
                        kFiniteDifferencesTolerance));
    EXPECT_TRUE(matches(gradient.diff_bias, finite_differences(bias, [&](const Doubles& b) { return loss(src, weights, b); }),
                        kFiniteDifferencesTolerance));
  }
}

TEST(FullyConnected, RejectsBadShape) {
  const ExitCode code = ExitCode::configuration;
  expect_error(code, {"fc9", "num_output", "0"}, [] { FullyConnectedShape::infer("fc9", 1, {1, 1, 4}, 0, 1); });
  expect_error(code, {"fc9", "input width", "0"}, [] { FullyConnectedShape::infer("fc9", 1, {1, 0, 4}, 4, 1); });
  expect_error(code, {"fc9", "5 input channels", "2 columns"}, [] { FullyConnectedShape::infer("fc9", 1, {1, 1, 5}, 4, 2); });
  expect_error(code, {"fc9", "1000 outputs", "3 columns"}, [] { FullyConnectedShape::infer("fc9", 1, {1, 1, 6}, 1000, 3); });
}

TEST(FullyConnected, RejectsTensorsOfOtherShapes) {
  for (const std::int64_t groups : {1, 2}) {
    const FullyConnectedShape s = FullyConnectedShape::infer("fc", 3, {2, 2, 4}, 6, groups);
    auto p = make_passes(s, Epilogue::none);
    const GuardedTensor other(Shape{3, 17});
    const ExitCode code = ExitCode::internal;
    expect_error(code, {"forward: src", "(3, 17)", "(3, 16)"}, [&] { p.op->forward(other, p.weights, p.bias, p.dst); });
    expect_error(code, {"forward: weights"}, [&] { p.op->forward(p.src, other, p.bias, p.dst); });
    expect_error(code, {"forward: bias"}, [&] { p.op->forward(p.src, p.weights, other, p.dst); });
    expect_error(code, {"forward: dst"}, [&] { p.op->forward(p.src, p.weights, p.bias, other); });
    expect_error(code, {"backward_data: diff_dst"}, [&] { p.op->backward_data(other, p.weights, p.diff_src); });
    expect_error(code, {"backward_weights: diff_bias"}, [&] { p.op->backward_weights(p.src, p.diff_dst, p.diff_weights, other); });
  }
}

}  // namespace
}  // namespace alexnet::test
