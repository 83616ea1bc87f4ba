// Ops on bf16 activations, beyond the selftest (which compares every pass of every op with the reference in both types).
#include "support/bf16.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "ops/onednn_ops.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

TEST(Bf16Test, MaxPoolOfAWindowWhoseWinnersDoNotFitAByteIsRefused) {
  ALEXNET_NEEDS_BF16();
  const auto make = [](std::int64_t kernel_size) {
    PoolShape s = PoolShape::infer("pool", 1, {20, 20, 1}, kernel_size, 1, {});
    s.type = DType::bf16;
    make_max_pool_onednn(s);
  };
  EXPECT_NO_THROW(make(15));
  expect_error(ExitCode::configuration, {"max_pool: a window of 16x16 has more than the 255 places", "device.precision=f32"},
               [&] { make(16); });
}

TEST(Bf16Test, ReluPassesNanOn) {
  const auto op = make_activation_onednn({ActivationKind::relu}, {3}, DType::bf16);
  const GuardedTensor x({3}, DType::bf16);
  x.values<BFloat16>()[0] = to_bfloat16(std::numeric_limits<float>::quiet_NaN());
  x.values<BFloat16>()[1] = to_bfloat16(-1);
  x.values<BFloat16>()[2] = to_bfloat16(2);
  op->forward(x, x);
  const Doubles values = x.doubles();
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], 0);
  EXPECT_EQ(values[2], 2);
}

TEST(Bf16Test, BackwardDataOfAFullyConnectedLayerReadsTheWeightsOfTheLatestForwardPass) {
  ALEXNET_NEEDS_BF16();
  auto s = FullyConnectedShape::infer("fc", 2, {1, 1, 3}, 4, 1);
  s.src_type = s.dst_type = DType::bf16;
  const auto op = make_fully_connected_onednn(s, Epilogue::none);
  EXPECT_EQ(op->workspace_bytes(), aligned_bytes(4 * 3 * sizeof(BFloat16)));
  for (const bool with_workspace : {true, false}) {
    const BoundMemory memory(*op, with_workspace);
    GuardedTensor src({2, 3}, DType::bf16), weights({4, 3}), bias({4}), dst({2, 4}, DType::bf16), diff_dst({2, 4}, DType::bf16),
        diff_src({2, 3}, DType::bf16);
    for (BFloat16& value : diff_dst.values<BFloat16>()) value = to_bfloat16(1);
    for (const float weight : {0.5F, 3.0F}) {  // an update, a checkpoint or initial values lie between the two
      weights.fill(weight);
      op->forward(src, weights, bias, dst);
      op->backward_data(diff_dst, weights, diff_src);
      EXPECT_THAT(diff_src.doubles(), ::testing::Each(4.0 * static_cast<double>(weight))) << "workspace: " << with_workspace;
    }
    EXPECT_TRUE(memory.guards_intact());
  }
}

TEST(Bf16Test, ATensorOfTheOtherTypeIsRefused) {
  ALEXNET_NEEDS_BF16();
  auto s = FullyConnectedShape::infer("fc", 2, {1, 1, 3}, 4, 1);
  s.src_type = DType::bf16;  // dst: f32
  const auto op = make_fully_connected_onednn(s, Epilogue::none);
  const BoundMemory memory(*op);
  const GuardedTensor src({2, 3}, DType::bf16), f32_src({2, 3}), weights({4, 3}), bias({4}), dst({2, 4}), bf16_dst({2, 4}, DType::bf16);
  EXPECT_NO_THROW(op->forward(src, weights, bias, dst));
  expect_error(ExitCode::internal, {"fully_connected forward: src: f32 (2, 3) instead of bf16 (2, 3)"},
               [&] { op->forward(f32_src, weights, bias, dst); });
  expect_error(ExitCode::internal, {"fully_connected forward: dst: bf16 (2, 4) instead of f32 (2, 4)"},
               [&] { op->forward(src, weights, bias, bf16_dst); });
  expect_error(ExitCode::internal, {"tensor of type bf16 read as f32"}, [&] { src.values<float>(); });
}

}  // namespace
}  // namespace alexnet::test
