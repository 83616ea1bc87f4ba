// Convolution in bf16 by each of the onednn backend's classes, whatever the factory would choose on this CPU, against the reference.
// The selftest compares the factory's choice at the shapes of the full network.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/conv2d.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"
#include "support/bf16.hpp"

namespace alexnet::test {
namespace {

struct Bf16Case {
  std::string name;
  Conv2dShape shape;
};
void PrintTo(const Bf16Case& c, std::ostream* out) { *out << c.name; }

// Batches with and without a partner for the last image, extents that divide nothing, rows of windows that fill one tile, several and
// parts of one, paddings that leave rows and columns out, groups, more than one band.
std::vector<Bf16Case> cases() {
  const auto conv = [](const char* name, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride,
                       Padding pad, std::int64_t groups) {
    Conv2dShape s = Conv2dShape::infer(name, N, src, OC, kernel_size, stride, pad, groups);
    s.src_type = s.dst_type = DType::bf16;
    return Bf16Case{name, s};
  };
  return {
      conv("picture", 3, {61, 37, 3}, 32, 11, 4, {2, 1, 3, 4}, 1),          conv("one_picture", 1, {55, 47, 3}, 96, 11, 4, {0, 0, 3, 3}, 1),
      conv("rows_of_12", 2, {23, 14, 3}, 64, 4, 2, {0, 3, 2, 0}, 1),        conv("two_colors", 3, {19, 9, 2}, 32, 6, 1, {5, 0, 5, 2}, 1),
      conv("one_color", 4, {9, 8, 1}, 32, 3, 1, {1, 1, 1, 1}, 1),           conv("pointwise", 3, {7, 5, 22}, 96, 1, 1, {}, 1),
      conv("same_27", 3, {27, 27, 13}, 64, 5, 1, {2, 2, 2, 2}, 1),          conv("remainder", 1, {6, 7, 25}, 32, 3, 1, {1, 1, 1, 1}, 1),
      conv("stride_2", 3, {13, 15, 24}, 32, 3, 2, {1, 1, 0, 2}, 1),         conv("two_groups", 3, {9, 13, 48}, 64, 3, 1, {1, 2, 0, 1}, 2),
      conv("padding_beyond", 2, {2, 3, 12}, 32, 7, 1, {6, 5, 6, 6}, 1),     conv("narrow", 2, {24, 9, 32}, 64, 5, 4, {3, 3, 4, 0}, 1),
      conv("weights_of_padding", 5, {11, 1, 3}, 64, 3, 4, {0, 2, 0, 0}, 1), conv("bands", 3, {40, 41, 12}, 256, 3, 1, {1, 1, 1, 1}, 1),
  };
}

using Make = std::unique_ptr<Conv2d> (*)(const Conv2dShape&, Epilogue);
struct Class {
  const char* name;
  bool needs_pairs, takes_groups;
  Make make;
};
const Class kClasses[] = {
    {"chosen", false, true, make_conv2d_onednn},
    {"of_picture_rows", true, false,
     [](const Conv2dShape& s, Epilogue e) { return make_conv2d_of_picture_rows_onednn(s, e, make_conv2d_onednn(s, e)); }},
    {"of_pairs", true, true, [](const Conv2dShape& s, Epilogue e) { return make_conv2d_of_pairs_onednn(s, make_conv2d_onednn(s, e)); }},
    {"of_pictures", false, false,
     [](const Conv2dShape& s, Epilogue e) { return make_conv2d_of_pictures_onednn(s, make_conv2d_onednn(s, e)); }}};

class Conv2dInBf16Test : public ::testing::TestWithParam<std::tuple<Bf16Case, Class>> {
 protected:
  void SetUp() override {
    ALEXNET_NEEDS_BF16();
    if (of().needs_pairs && !onednn::multiplies_pairs()) GTEST_SKIP() << "needs AVX512_BF16 without AMX";
    if (!of().takes_groups && shape().groups > 1) GTEST_SKIP() << "takes no groups";
  }
  const Conv2dShape& shape() const { return std::get<0>(GetParam()).shape; }
  const Class& of() const { return std::get<1>(GetParam()); }
  WeightedPasses<Conv2d> make(Epilogue epilogue = Epilogue::none) const {
    const Conv2dShape& s = shape();
    return {of().make(s, epilogue), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC}, DType::bf16};
  }
};
INSTANTIATE_TEST_SUITE_P(Shapes, Conv2dInBf16Test, ::testing::Combine(::testing::ValuesIn(cases()), ::testing::ValuesIn(kClasses)),
                         [](const auto& test) { return std::get<0>(test.param).name + "_" + std::get<1>(test.param).name; });

TEST_P(Conv2dInBf16Test, MatchesReferenceAndStaysInBounds) {
  auto passes = make();
  passes.fill_integers().run().expect_guards_intact();
  const Doubles src = passes.src.doubles(), weights = passes.weights.doubles(), diff_dst = passes.diff_dst.doubles();
  const Doubles dst = reference::conv2d_forward(shape(), src, weights, passes.bias.doubles());
  EXPECT_TRUE(matches(passes.dst, dst, kExact));
  EXPECT_TRUE(matches(passes.diff_src, reference::conv2d_backward_data(shape(), diff_dst, weights), kExact));
  const auto expected = reference::conv2d_backward_weights(shape(), src, diff_dst);
  EXPECT_TRUE(matches(passes.diff_weights, expected.diff_weights, kExact));
  EXPECT_TRUE(matches(passes.diff_bias, expected.diff_bias, kExact));

  auto fused = make(Epilogue::relu);
  fused.fill_integers().forward();
  EXPECT_TRUE(matches(fused.dst, reference::relu_forward(dst), kExact));
}

TEST_P(Conv2dInBf16Test, AnInfinitePixelStaysInItsWindows) {
  auto passes = make();
  passes.fill_integers();
  const auto pixels = passes.src.values<BFloat16>();
  pixels[pixels.size() / 2] = to_bfloat16(std::numeric_limits<float>::infinity());
  passes.forward();
  EXPECT_TRUE(matches(passes.dst, reference::conv2d_forward(shape(), passes.src.doubles(), passes.weights.doubles(), passes.bias.doubles()),
                      kExact));
}

TEST_P(Conv2dInBf16Test, OnlyTheFusedReluHidesNaN) {
  for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu}) {
    auto passes = make(epilogue);
    passes.fill_integers();
    passes.bias.fill(std::numeric_limits<float>::quiet_NaN());
    passes.forward();
    for (const double value : passes.dst.doubles()) ASSERT_TRUE(epilogue == Epilogue::none ? std::isnan(value) : value == 0);
  }
}

TEST_P(Conv2dInBf16Test, IsDeterministic) {
  auto a = make(), b = make();
  a.fill_uniform().run();
  b.fill_uniform().run();
  EXPECT_TRUE(same_bits(a.dst, b.dst));
  EXPECT_TRUE(same_bits(a.diff_src, b.diff_src));
  EXPECT_TRUE(same_bits(a.diff_weights, b.diff_weights));
  EXPECT_TRUE(same_bits(a.diff_bias, b.diff_bias));
}

}  // namespace
}  // namespace alexnet::test
