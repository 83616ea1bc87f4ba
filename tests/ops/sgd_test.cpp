#include "alexnet/ops/sgd.hpp"

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/sgd.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

constexpr int kSlot = 3;
constexpr float kRate = 0.02F, kBiasRate = 0.04F, kMomentum = 0.9F, kDecay = 0.05F;

StepParameters step_with_rates() {
  StepParameters step;
  step.weights_learning_rate.fill(100);  // another layer's rate would be seen
  step.bias_learning_rate.fill(100);
  step.weights_learning_rate[kSlot] = kRate;
  step.bias_learning_rate[kSlot] = kBiasRate;
  return step;
}

struct Passes {
  explicit Passes(std::int64_t count, bool is_bias = false, int num_threads = 2, int num_steps = 1)
      : diff_weights({count}),
        velocity({count}),
        weights({count}),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_sgd({count, kSlot, is_bias, kMomentum, kDecay})),
        memory(*op) {
    velocity.fill_uniform(1);
    weights.fill_uniform(2);
    const StepParameters step = step_with_rates();
    for (int i = 0; i < num_steps; ++i) {
      diff_weights.fill_uniform(static_cast<std::uint64_t>(10 + i));
      op->update(&step, diff_weights, velocity, weights);
    }
  }
  GuardedTensor diff_weights, velocity, weights;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Sgd> op;
  BoundMemory memory;
};

class SgdTest : public ::testing::TestWithParam<std::int64_t> {};
// Beyond two blocks of the implementation, a multiple of nothing, and one.
INSTANTIATE_TEST_SUITE_P(Counts, SgdTest, ::testing::Values(1, 13, 27 * 55, 16384, 40001));

TEST_P(SgdTest, UpdateMatchesReference) {
  for (const bool is_bias : {false, true}) {
    const Passes passes(GetParam(), is_bias, 2, 5);
    GuardedTensor velocity({GetParam()}), weights({GetParam()}), diff_weights({GetParam()});
    Doubles expected_velocity = velocity.fill_uniform(1).doubles(), expected_weights = weights.fill_uniform(2).doubles();
    const reference::SgdFactors factors{static_cast<double>(is_bias ? kBiasRate : kRate), static_cast<double>(kMomentum),
                                        static_cast<double>(kDecay)};
    for (std::uint64_t i = 0; i < 5; ++i) {
      reference::sgd_update(factors, diff_weights.fill_uniform(10 + i).doubles(), expected_velocity, expected_weights);
    }
    const Tolerance five_updates{5e-7, 5e-6, "five updates of four f32 operations each"};
    EXPECT_TRUE(matches(passes.velocity, expected_velocity, five_updates));
    EXPECT_TRUE(matches(passes.weights, expected_weights, five_updates));
  }
}

TEST_P(SgdTest, StaysInBounds) {
  const Passes passes(GetParam());
  for (const GuardedTensor* tensor : {&passes.diff_weights, &passes.velocity, &passes.weights}) EXPECT_TRUE(tensor->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(SgdTest, IsDeterministic) {
  const Passes one(GetParam(), false, 1);
  for (const int num_threads : {1, 2, 3}) {
    const Passes other(GetParam(), false, num_threads);
    EXPECT_TRUE(same_bits(one.velocity, other.velocity)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.weights, other.weights)) << num_threads << " threads";
  }
}

// Powers of two: nothing is rounded. The rate stands inside the velocity: what was gathered at an old rate moves on unscaled.
TEST(Sgd, IsThePapersUpdate) {
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_sgd({1, 0, false, 0.5F, 0.25F});
  GuardedTensor gradient({1}), velocity({1}), weights({1});
  gradient.fill(4);
  velocity.fill(8);
  weights.fill(16);
  StepParameters step;
  step.weights_learning_rate[0] = 0.125F;
  op->update(&step, gradient, velocity, weights);
  EXPECT_EQ(velocity.values()[0], 0.5F * 8 - 0.25F * 0.125F * 16 - 0.125F * 4);  // 3
  EXPECT_EQ(weights.values()[0], 19);
  step.weights_learning_rate[0] = 0;
  op->update(&step, gradient, velocity, weights);
  EXPECT_EQ(velocity.values()[0], 1.5F);
  EXPECT_EQ(weights.values()[0], 20.5F);
}

TEST(Sgd, RejectsBadShape) {
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_sgd({12, kSlot, false, kMomentum, kDecay});
  const GuardedTensor good({12}), also_good({2, 2, 3}), bad({13});
  const StepParameters step = step_with_rates();
  EXPECT_NO_THROW(op->update(&step, good, good, also_good));
  expect_error(ExitCode::internal, {"sgd: diff_weights", "(13)", "12 elements"}, [&] { op->update(&step, bad, good, good); });
  expect_error(ExitCode::internal, {"sgd: velocity"}, [&] { op->update(&step, good, bad, good); });
  expect_error(ExitCode::internal, {"sgd: weights"}, [&] { op->update(&step, good, good, bad); });
  const auto no_slot = backend->make_sgd({12, -1, false, kMomentum, kDecay});
  expect_error(ExitCode::internal, {"slot -1"}, [&] { no_slot->update(&step, good, good, good); });
}

}  // namespace
}  // namespace alexnet::test
