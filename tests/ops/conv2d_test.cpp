// Convolution of the onednn backend against the reference, and the reference against finite differences.
#include "alexnet/ops/conv2d.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "alexnet/core/simd.hpp"
#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "alexnet/reference/conv2d.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"

namespace alexnet::test {
namespace {

struct Conv2dCase {
  std::string name;
  Conv2dShape shape;
};
void PrintTo(const Conv2dCase& c, std::ostream* out) { *out << c.name; }

// Extents that divide nothing, channels that fill no vector, every kind of padding, groups.
std::vector<Conv2dCase> small_cases() {
  const auto conv = [](const char* name, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride, Padding pad,
                       std::int64_t groups) {
    return Conv2dCase{name, Conv2dShape::infer(name, 3, src, OC, kernel_size, stride, pad, groups)};
  };
  return {
      conv("one_pixel", {1, 1, 1}, 1, 1, 1, {}, 1),
      conv("pointwise", {13, 13, 7}, 5, 1, 1, {}, 1),
      conv("same_13", {13, 13, 16}, 32, 3, 1, {1, 1, 1, 1}, 1),
      conv("odd_channels_27", {27, 27, 13}, 11, 5, 1, {2, 2, 2, 2}, 1),
      conv("ceil_55", {55, 55, 3}, 24, 11, 4, {0, 0, 3, 3}, 1),
      conv("picture", {61, 37, 3}, 32, 11, 4, {2, 1, 3, 4}, 1),
      conv("two_colors", {23, 13, 2}, 64, 5, 2, {2, 2, 2, 2}, 1),
      conv("top_left_only", {13, 27, 4}, 6, 3, 2, {2, 1, 0, 0}, 1),
      conv("no_padding_13_9", {13, 9, 32}, 48, 3, 1, {0, 0, 0, 0}, 1),
      conv("uneven_padding_groups", {9, 13, 64}, 32, 5, 1, {1, 4, 2, 0}, 2),
      conv("two_groups", {13, 13, 32}, 64, 3, 1, {1, 1, 1, 1}, 2),
      conv("two_odd_groups", {13, 13, 6}, 10, 5, 2, {1, 2, 0, 1}, 2),
      conv("strided_pointwise", {22, 12, 3}, 16, 1, 2, {}, 1),
      conv("depthwise", {9, 9, 8}, 8, 3, 1, {1, 1, 1, 1}, 8),
  };
}

// Shapes that Winograd's algorithm takes: pictures that tiles divide and do not, smaller than a tile, every padding, blocks of channels of
// every width.
std::vector<Conv2dCase> winograd_cases() {
  std::vector<Conv2dCase> cases;
  const auto add = [&](const std::string& name, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size, Padding pad,
                       std::int64_t groups) {
    cases.push_back({name, Conv2dShape::infer(name, N, src, OC, kernel_size, 1, pad, groups)});
  };
  for (const std::int64_t kernel_size : {3, 5}) {
    const std::string name = "winograd_" + std::to_string(kernel_size);
    for (const std::int64_t pad : {0, 1, 2}) {
      for (const std::int64_t N : {1, 3}) {
        add(name + "_pad_" + std::to_string(pad) + "_batch_" + std::to_string(N), N, {11 + pad, 8, 64}, 80, kernel_size,
            {pad, pad, pad, pad}, 1);
      }
    }
    add(name + "_uneven_padding_groups", 3, {7, 13, 96}, 224, kernel_size, {1, 2, 2, 0}, 2);
    add(name + "_many_chunks_of_few_inputs", 40, {7, 7, 32}, 80, kernel_size, {1, 1, 1, 1}, 1);
    add(name + "_many_chunks_of_many_inputs", 40, {7, 7, 80}, 32, kernel_size, {1, 1, 1, 1}, 1);
    add(name + "_one_pixel", 3, {1, 1, 48}, 32, kernel_size, {kernel_size / 2, kernel_size / 2, kernel_size / 2, kernel_size / 2}, 1);
  }
  return cases;
}

std::vector<Conv2dCase> all_cases() {
  std::vector<Conv2dCase> cases = small_cases();
  for (const Conv2dCase& c : winograd_cases()) cases.push_back(c);
  for (auto& [name, s] : reference::alexnet_conv2d_shapes(reduced() ? 1 : 3)) {
    const std::int64_t OC = reduced() ? s.OC / 8 : s.OC;
    cases.push_back({name, Conv2dShape::infer(name, s.N, {s.IH, s.IW, s.IC}, OC, s.KH, s.SH, s.pad, s.groups)});
  }
  return cases;
}

WeightedPasses<Conv2d> make_passes(const Conv2dShape& s, Epilogue epilogue) {
  return {make_conv2d_onednn(s, epilogue), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC}};
}

class Conv2dTest : public ::testing::TestWithParam<Conv2dCase> {};
const auto case_name = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Shapes, Conv2dTest, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(Conv2dTest, ForwardMatchesReference) {
  const Conv2dShape& s = GetParam().shape;
  auto passes = make_passes(s, Epilogue::none);
  passes.fill_integers().forward();
  const Doubles expected = reference::conv2d_forward(s, passes.src.doubles(), passes.weights.doubles(), passes.bias.doubles());
  EXPECT_TRUE(matches(passes.dst, expected, kExact));

  auto fused = make_passes(s, Epilogue::relu);
  fused.fill_integers().forward();
  EXPECT_TRUE(matches(fused.dst, reference::relu_forward(expected), kExact));
}

TEST_P(Conv2dTest, BackwardMatchesReference) {
  const Conv2dShape& s = GetParam().shape;
  auto passes = make_passes(s, Epilogue::relu);
  passes.fill_integers();
  passes.backward_data();
  passes.backward_weights();
  EXPECT_TRUE(matches(passes.diff_src, reference::conv2d_backward_data(s, passes.diff_dst.doubles(), passes.weights.doubles()), kExact));
  const auto expected = reference::conv2d_backward_weights(s, passes.src.doubles(), passes.diff_dst.doubles());
  EXPECT_TRUE(matches(passes.diff_weights, expected.diff_weights, kExact));
  EXPECT_TRUE(matches(passes.diff_bias, expected.diff_bias, kExact));
}

TEST_P(Conv2dTest, StaysInBounds) {
  auto passes = make_passes(GetParam().shape, Epilogue::relu);
  auto inputs = make_passes(GetParam().shape, Epilogue::relu);
  inputs.fill_integers();
  passes.fill_integers().run().expect_guards_intact();
  EXPECT_TRUE(same_bits(passes.src, inputs.src)) << "an input was written";
  EXPECT_TRUE(same_bits(passes.weights, inputs.weights)) << "an input was written";
  EXPECT_TRUE(same_bits(passes.diff_dst, inputs.diff_dst)) << "an input was written";
}

TEST_P(Conv2dTest, IsDeterministic) {
  const Conv2dShape& s = GetParam().shape;
  auto a = make_passes(s, Epilogue::relu), b = make_passes(s, Epilogue::relu);
  a.fill_uniform().run();
  b.fill_uniform().run();
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
  EXPECT_TRUE(same_bits(a.diff_weights, b.diff_weights));
  EXPECT_TRUE(same_bits(a.diff_bias, b.diff_bias));
}

TEST(Conv2dReference, ReferenceMatchesFiniteDifferences) {
  for (const auto& [name, s] : {Conv2dCase{"groups", Conv2dShape::infer("groups", 2, {5, 4, 4}, 6, 3, 1, {1, 0, 1, 2}, 2)},
                                Conv2dCase{"stride", Conv2dShape::infer("stride", 2, {7, 6, 3}, 2, 3, 2, {0, 0, 1, 1}, 1)}}) {
    SCOPED_TRACE(name);
    const Doubles src = random_doubles(static_cast<std::size_t>(s.N * s.IH * s.IW * s.IC), 1);
    const Doubles weights = random_doubles(static_cast<std::size_t>(s.num_weights()), 2);
    const Doubles bias = random_doubles(static_cast<std::size_t>(s.OC), 3);
    const Doubles diff_dst = random_doubles(static_cast<std::size_t>(s.N * s.OH * s.OW * s.OC), 4);
    const auto loss = [&](const Doubles& x, const Doubles& w, const Doubles& b) {
      return dot(reference::conv2d_forward(s, x, w, b), diff_dst);
    };
    const auto gradient = reference::conv2d_backward_weights(s, src, diff_dst);
    EXPECT_TRUE(matches(reference::conv2d_backward_data(s, diff_dst, weights),
                        finite_differences(src, [&](const Doubles& x) { return loss(x, weights, bias); }), kFiniteDifferencesTolerance));
    EXPECT_TRUE(matches(gradient.diff_weights, finite_differences(weights, [&](const Doubles& w) { return loss(src, w, bias); }),
                        kFiniteDifferencesTolerance));
    EXPECT_TRUE(matches(gradient.diff_bias, finite_differences(bias, [&](const Doubles& b) { return loss(src, weights, b); }),
                        kFiniteDifferencesTolerance));
  }
}

TEST(Conv2d, AsymmetricPaddingGives55) {
  const Conv2dShape s = reference::alexnet_conv2d_shapes(1)[0].shape;
  EXPECT_EQ(s.OH, 55);
  EXPECT_EQ(s.OW, 55);
  const Conv2dShape floor = Conv2dShape::infer("conv1", 1, {224, 224, 3}, 96, 11, 4, {}, 1);
  EXPECT_EQ(floor.OH, 54);
}

TEST(Conv2d, OnlyTheFusedReluHidesNaN) {
  for (const std::int64_t IC : {3, 32}) {
    const Conv2dShape s = Conv2dShape::infer("conv", 1, {5, 5, IC}, 32, 3, 1, {1, 1, 1, 1}, 1);
    for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu}) {
      auto passes = make_passes(s, epilogue);
      passes.fill_integers();
      passes.weights.fill(std::numeric_limits<float>::quiet_NaN());
      passes.forward();
      for (const float value : passes.dst.values()) EXPECT_TRUE(epilogue == Epilogue::none ? std::isnan(value) : value == 0);
    }
  }
}

// Real numbers, whose roundings differ from the direct algorithm's.
TEST(Conv2d, WinogradRoundsAsLittleAsDirectSums) {
  for (const Conv2dCase& c : winograd_cases()) {
    SCOPED_TRACE(c.name);
    ASSERT_EQ(conv2d_winograd_pays(c.shape), has_wide_vectors());
    auto passes = make_passes(c.shape, Epilogue::none);
    passes.fill_uniform().run();
    const auto expect_near = [](const GuardedTensor& actual, const Doubles& expected) {
      double error = 0, norm = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        error += std::pow(actual.values()[i] - expected[i], 2);
        norm += std::pow(expected[i], 2);
      }
      EXPECT_LT(std::sqrt(error / norm), 6.5e-7);  // a sum of 2,000 values comes to 6.0e-7
    };
    const auto& s = c.shape;
    expect_near(passes.dst, reference::conv2d_forward(s, passes.src.doubles(), passes.weights.doubles(), passes.bias.doubles()));
    expect_near(passes.diff_src, reference::conv2d_backward_data(s, passes.diff_dst.doubles(), passes.weights.doubles()));
    const auto gradient = reference::conv2d_backward_weights(s, passes.src.doubles(), passes.diff_dst.doubles());
    expect_near(passes.diff_weights, gradient.diff_weights);
    expect_near(passes.diff_bias, gradient.diff_bias);
  }
}

TEST(Conv2d, WinogradOfAPictureIsTheSameInEveryBatch) {
  const auto shape = [](std::int64_t N) { return Conv2dShape::infer("conv", N, {13, 13, 32}, 48, 5, 1, {2, 2, 2, 2}, 1); };
  auto one = make_passes(shape(1), Epilogue::relu), many = make_passes(shape(9), Epilogue::relu);
  one.fill_uniform();
  many.fill_uniform();
  const std::size_t size = one.src.values().size(), outputs = one.dst.values().size();
  for (std::size_t i = 0; i < many.src.values().size(); ++i) many.src.values()[i] = one.src.values()[i % size];
  one.forward();
  many.forward();
  for (std::size_t i = 0; i < many.dst.values().size(); ++i) ASSERT_EQ(many.dst.values()[i], one.dst.values()[i % outputs]);
}

TEST(Conv2d, RejectsBadShape) {
  const auto infer = [](std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride, Padding pad,
                        std::int64_t groups) { return [=] { Conv2dShape::infer("conv9", N, src, OC, kernel_size, stride, pad, groups); }; };
  const ExitCode code = ExitCode::configuration;
  expect_error(code, {"conv9", "batch size", "0"}, infer(0, {5, 5, 3}, 4, 3, 1, {}, 1));
  expect_error(code, {"conv9", "input height", "-5"}, infer(1, {-5, 5, 3}, 4, 3, 1, {}, 1));
  expect_error(code, {"conv9", "num_output", "0"}, infer(1, {5, 5, 3}, 0, 3, 1, {}, 1));
  expect_error(code, {"conv9", "stride", "0"}, infer(1, {5, 5, 3}, 4, 3, 0, {}, 1));
  expect_error(code, {"conv9", "kernel_size 7", "height of 5"}, infer(1, {5, 5, 3}, 4, 7, 1, {}, 1));
  expect_error(code, {"conv9", "pad is 3", "kernel_size - 1 = 2"}, infer(1, {5, 5, 3}, 4, 3, 1, {0, 3, 0, 0}, 1));
  expect_error(code, {"conv9", "pad is -1"}, infer(1, {5, 5, 3}, 4, 3, 1, {0, 0, -1, 0}, 1));
  expect_error(code, {"conv9", "3 input channels", "2 columns"}, infer(1, {5, 5, 3}, 4, 3, 1, {}, 2));
  expect_error(code, {"conv9", "5 outputs", "2 columns"}, infer(1, {5, 5, 4}, 5, 3, 1, {}, 2));
  expect_error(code, {"conv9", "0 columns"}, infer(1, {5, 5, 4}, 4, 3, 1, {}, 0));
}

TEST(Conv2d, RejectsTensorsOfOtherShapes) {
  const Conv2dShape s = Conv2dShape::infer("conv", 3, {13, 13, 4}, 6, 3, 1, {}, 2);
  auto p = make_passes(s, Epilogue::none);
  const GuardedTensor other(Shape{3, 13, 13, 5});
  const ExitCode code = ExitCode::internal;
  expect_error(code, {"forward: src", "(3, 13, 13, 5)", "(3, 13, 13, 4)"}, [&] { p.op->forward(other, p.weights, p.bias, p.dst); });
  expect_error(code, {"forward: weights", "(6, 3, 3, 2)"}, [&] { p.op->forward(p.src, other, p.bias, p.dst); });
  expect_error(code, {"forward: bias", "(6)"}, [&] { p.op->forward(p.src, p.weights, other, p.dst); });
  expect_error(code, {"forward: dst", "(3, 11, 11, 6)"}, [&] { p.op->forward(p.src, p.weights, p.bias, other); });
  expect_error(code, {"backward_data: diff_dst"}, [&] { p.op->backward_data(other, p.weights, p.diff_src); });
  expect_error(code, {"backward_data: diff_src"}, [&] { p.op->backward_data(p.diff_dst, p.weights, other); });
  expect_error(code, {"backward_weights: diff_weights"}, [&] { p.op->backward_weights(p.src, p.diff_dst, other, p.diff_bias); });
  expect_error(code, {"backward_weights: diff_bias"}, [&] { p.op->backward_weights(p.src, p.diff_dst, p.diff_weights, other); });
  const Tensor integers(p.src.tensor().raw(), p.src.tensor().shape(), DType::i32);
  expect_error(code, {"forward: src", "i32", "f32"}, [&] { p.op->forward(integers, p.weights, p.bias, p.dst); });
}

}  // namespace
}  // namespace alexnet::test
