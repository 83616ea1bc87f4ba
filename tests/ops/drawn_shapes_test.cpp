// Ops of shapes drawn at random, whatever class the onednn backend chooses for them, against the reference: batches large enough for
// several chunks, bands and threads. ALEXNET_DRAWN_SHAPES=5000: a longer search.
#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <random>
#include <utility>

#include "alexnet/reference/conv2d.hpp"
#include "alexnet/reference/fully_connected.hpp"
#include "alexnet/reference/pool.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"
#include "support/bf16.hpp"
#include "support/reduced.hpp"

namespace alexnet::test {
namespace {

int num_shapes() {
  const char* wanted = std::getenv("ALEXNET_DRAWN_SHAPES");
  return wanted != nullptr ? std::atoi(wanted) : reduced() ? 10 : 60;
}

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<unsigned>(high - low + 1));
  }
  std::int64_t one_of(std::initializer_list<std::int64_t> values) { return values.begin()[random_() % values.size()]; }
  Padding padding(std::int64_t kernel_size) {
    const auto side = [&] { return between(0, kernel_size - 1); };
    return {side(), side(), side(), side()};
  }

 private:
  std::mt19937 random_;
};

bool fits(const Extent3& src, const Padding& pad, std::int64_t kernel_size) {
  return src.H + pad.top + pad.bottom >= kernel_size && src.W + pad.left + pad.right >= kernel_size;
}

// Up to 16 million multiply-accumulates.
Conv2dShape drawn_conv2d(Draw& draw) {
  for (;;) {
    const std::int64_t groups = draw.one_of({1, 1, 2}), kernel_size = draw.one_of({1, 3, 3, 5, 5, 7, 11});
    const std::int64_t IC = draw.one_of({1, 3, 16, 32, 32, 48, 64, 80, 96}) * groups;
    const std::int64_t OC = draw.one_of({8, 16, 32, 48, 64, 80, 96, 112}) * groups;
    const Padding pad = draw.padding(kernel_size);
    const Extent3 src{draw.between(1, 20), draw.between(1, 20), IC};
    if (!fits(src, pad, kernel_size)) continue;
    const std::int64_t N = draw.one_of({1, 5, 16, 33, 64}), stride = draw.one_of({1, 1, 1, 2, 4});
    const Conv2dShape shape = Conv2dShape::infer("conv", N, src, OC, kernel_size, stride, pad, groups);
    if (shape.N * shape.OH * shape.OW * shape.num_weights() <= 16'000'000) return shape;
  }
}

PoolShape drawn_pool(Draw& draw) {
  for (;;) {
    const std::int64_t kernel_size = draw.between(1, 5), stride = draw.between(1, kernel_size);
    const Padding pad = draw.padding(kernel_size);
    const Extent3 src{draw.between(1, 20), draw.between(1, 20), draw.between(1, 100)};
    if (fits(src, pad, kernel_size)) return PoolShape::infer("pool", draw.between(1, 20), src, kernel_size, stride, pad);
  }
}

template <class Passes, class Gradient>
void expect_passes_match(const Passes& passes, const Doubles& dst, const Doubles& diff_src, const Gradient& gradient) {
  EXPECT_TRUE(matches(passes.dst, dst, kExact));
  EXPECT_TRUE(matches(passes.diff_src, diff_src, kExact));
  EXPECT_TRUE(matches(passes.diff_weights, gradient.diff_weights, kExact));
  EXPECT_TRUE(matches(passes.diff_bias, gradient.diff_bias, kExact));
}

void expect_conv2d_matches(DType type, unsigned seed) {
  Draw draw(seed);
  for (int i = 0; i < num_shapes(); ++i) {
    Conv2dShape s = drawn_conv2d(draw);
    s.src_type = s.dst_type = type;
    SCOPED_TRACE(fmt::format("shape {}: {} x {} x {} x {} to {} x {} x {}, window {}, stride {}, pad {} {} {} {}, {} groups", i, s.N, s.IH,
                             s.IW, s.IC, s.OH, s.OW, s.OC, s.KH, s.SH, s.pad.top, s.pad.left, s.pad.bottom, s.pad.right, s.groups));
    WeightedPasses<Conv2d> passes{
        make_conv2d_onednn(s, Epilogue::none), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC}, type};
    passes.fill_integers().run().expect_guards_intact();
    const Doubles src = passes.src.doubles(), weights = passes.weights.doubles(), diff_dst = passes.diff_dst.doubles();
    expect_passes_match(passes, reference::conv2d_forward(s, src, weights, passes.bias.doubles()),
                        reference::conv2d_backward_data(s, diff_dst, weights), reference::conv2d_backward_weights(s, src, diff_dst));
  }
}

void expect_fully_connected_matches(DType type, unsigned seed) {
  Draw draw(seed);
  for (int i = 0; i < num_shapes(); ++i) {
    const std::int64_t groups = draw.between(1, 2), OC = groups * draw.between(1, 150);
    const Extent3 src_extent{draw.between(1, 4), draw.between(1, 4), groups * draw.between(1, 70)};
    FullyConnectedShape s = FullyConnectedShape::infer("fc", draw.between(1, 130), src_extent, OC, groups);
    s.src_type = s.dst_type = type;
    SCOPED_TRACE(fmt::format("shape {}: {} x {} x {} x {} to {}, {} groups", i, s.N, s.IH, s.IW, s.IC, s.OC, s.groups));
    WeightedPasses<FullyConnected> passes{make_fully_connected_onednn(s, Epilogue::none),
                                          {s.N, s.IH, s.IW, s.IC},
                                          {s.OC, s.IH, s.IW, s.IC / s.groups},
                                          {s.N, 1, 1, s.OC},
                                          type};
    passes.fill_integers().run().expect_guards_intact();
    const Doubles src = passes.src.doubles(), weights = passes.weights.doubles(), diff_dst = passes.diff_dst.doubles();
    expect_passes_match(passes, reference::fully_connected_forward(s, src, weights, passes.bias.doubles()),
                        reference::fully_connected_backward_data(s, diff_dst, weights),
                        reference::fully_connected_backward_weights(s, src, diff_dst));
  }
}

void expect_max_pool_matches(DType type, unsigned seed) {
  Draw draw(seed);
  for (int i = 0; i < num_shapes(); ++i) {
    PoolShape s = drawn_pool(draw);
    s.type = type;
    SCOPED_TRACE(fmt::format("shape {}: {} x {} x {} x {} to {} x {}, window {}, stride {}, pad {} {} {} {}", i, s.N, s.IH, s.IW, s.C, s.OH,
                             s.OW, s.KH, s.SH, s.pad.top, s.pad.left, s.pad.bottom, s.pad.right));
    const auto op = make_max_pool_onednn(s);
    const Shape src_shape{s.N, s.IH, s.IW, s.C}, dst_shape{s.N, s.OH, s.OW, s.C};
    GuardedTensor src(src_shape, type), dst(dst_shape, type), diff_dst(dst_shape, type), diff_src(src_shape, type);
    const BoundMemory memory(*op);
    src.fill_integers(1);
    diff_dst.fill_integers(2);
    op->forward(src, dst);
    op->backward_data(diff_dst, diff_src);
    EXPECT_TRUE(matches(dst, reference::max_pool_forward(s, src.doubles()), kExact));
    EXPECT_TRUE(matches(diff_src, reference::max_pool_backward_data(s, src.doubles(), diff_dst.doubles()), kExact));
    for (const GuardedTensor* tensor : {&src, &dst, &diff_dst, &diff_src}) EXPECT_TRUE(tensor->guards_intact());
    EXPECT_TRUE(memory.guards_intact());
  }
}

class DrawnShapes : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (GetParam() == DType::f32) return;
    ALEXNET_NEEDS_BF16();
  }
};
const auto type_name = [](const auto& info) { return info.param == DType::bf16 ? "bf16" : "f32"; };
INSTANTIATE_TEST_SUITE_P(Types, DrawnShapes, ::testing::Values(DType::f32, DType::bf16), type_name);

TEST_P(DrawnShapes, Conv2dMatchesTheReference) {
  if (GetParam() == DType::bf16 && !onednn::multiplies_pairs() && std::getenv("ALEXNET_DRAWN_SHAPES") == nullptr)
    GTEST_SKIP() << "oneDNN's kernels for CPUs with AMX have not been searched; ALEXNET_DRAWN_SHAPES=1000 does";
  expect_conv2d_matches(GetParam(), 1);
}
TEST_P(DrawnShapes, FullyConnectedMatchesTheReference) { expect_fully_connected_matches(GetParam(), 2); }
TEST_P(DrawnShapes, MaxPoolMatchesTheReference) { expect_max_pool_matches(GetParam(), 3); }

}  // namespace
}  // namespace alexnet::test
