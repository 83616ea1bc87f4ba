// Convolutions of shapes drawn at random, whatever class the onednn backend chooses for them, against the reference: batches large enough
// for several chunks, bands and threads.
#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <random>
#include <utility>

#include "alexnet/reference/conv2d.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"
#include "support/bf16.hpp"
#include "support/reduced.hpp"

namespace alexnet::test {
namespace {

// Up to 16 million multiply-accumulates.
Conv2dShape drawn_shape(std::mt19937& random) {
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  const auto one_of = [&](std::initializer_list<std::int64_t> values) { return values.begin()[random() % values.size()]; };
  for (;;) {
    const std::int64_t groups = one_of({1, 1, 2}), kernel_size = one_of({1, 3, 3, 5, 5, 7, 11}), stride = one_of({1, 1, 1, 2, 4});
    const std::int64_t IC = one_of({1, 3, 16, 32, 32, 48, 64, 80, 96}) * groups, OC = one_of({8, 16, 32, 48, 64, 80, 96, 112}) * groups;
    const auto pad = [&] { return between(0, kernel_size - 1); };
    const Padding padding{pad(), pad(), pad(), pad()};
    const Extent3 src{between(1, 20), between(1, 20), IC};
    if (src.H + padding.top + padding.bottom < kernel_size || src.W + padding.left + padding.right < kernel_size) continue;
    const Conv2dShape shape = Conv2dShape::infer("conv", one_of({1, 5, 16, 33, 64}), src, OC, kernel_size, stride, padding, groups);
    const std::int64_t macs = shape.N * shape.OH * shape.OW * shape.num_weights();
    if (macs <= 16'000'000) return shape;
  }
}

void expect_drawn_shapes_match(DType type, unsigned seed, int count) {
  std::mt19937 random(seed);
  for (int i = 0; i < count; ++i) {
    Conv2dShape s = drawn_shape(random);
    s.src_type = s.dst_type = type;
    SCOPED_TRACE(fmt::format("shape {} of seed {}: {} x {} x {} x {} to {} x {} x {}, window {}, stride {}, pad {} {} {} {}, {} groups", i,
                             seed, s.N, s.IH, s.IW, s.IC, s.OH, s.OW, s.OC, s.KH, s.SH, s.pad.top, s.pad.left, s.pad.bottom, s.pad.right,
                             s.groups));
    WeightedPasses<Conv2d> passes{
        make_conv2d_onednn(s, Epilogue::none), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC}, type};
    passes.fill_integers().run().expect_guards_intact();
    const Doubles src = passes.src.doubles(), weights = passes.weights.doubles(), diff_dst = passes.diff_dst.doubles();
    EXPECT_TRUE(matches(passes.dst, reference::conv2d_forward(s, src, weights, passes.bias.doubles()), kExact));
    EXPECT_TRUE(matches(passes.diff_src, reference::conv2d_backward_data(s, diff_dst, weights), kExact));
    const auto expected = reference::conv2d_backward_weights(s, src, diff_dst);
    EXPECT_TRUE(matches(passes.diff_weights, expected.diff_weights, kExact));
    EXPECT_TRUE(matches(passes.diff_bias, expected.diff_bias, kExact));
  }
}

// ALEXNET_DRAWN_SHAPES=5000: a longer search.
int num_shapes() {
  const char* wanted = std::getenv("ALEXNET_DRAWN_SHAPES");
  return wanted != nullptr ? std::atoi(wanted) : reduced() ? 10 : 60;
}

TEST(Conv2dDrawn, ShapesMatchTheReference) { expect_drawn_shapes_match(DType::f32, 1, num_shapes()); }

TEST(Conv2dDrawn, ShapesMatchTheReferenceInBf16) {
  ALEXNET_NEEDS_BF16();
  expect_drawn_shapes_match(DType::bf16, 2, num_shapes());
}

}  // namespace
}  // namespace alexnet::test
