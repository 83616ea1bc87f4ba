#include "kernels/sgd.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/sgd.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

TEST(SgdKernels, UpdateMatchesReference) {
  StepParameters step;
  step.weights_learning_rate[3] = 0.01F;
  step.bias_learning_rate[3] = 0.02F;
  for_each_seed([&] {
    for (const std::size_t count : {1, 5, 96, 1024, 1027, 5000}) {
      for (const bool is_bias : {false, true}) {
        const SgdShape shape{static_cast<std::int64_t>(count), 3, is_bias, 0.9F, 0.0005F};
        const std::vector<float> g = random_floats(count, 1), v = random_floats(count, 2), w = random_floats(count, 3);
        const DeviceArray<StepParameters> parameters("step", {step});
        const DeviceArray<float> diff_weights("diff_weights", g), velocity("velocity", v), weights("weights", w);
        std::vector<double> expected_velocity = doubles(v), expected_weights = doubles(w);
        for (int update = 0; update < 2; ++update) {
          sgd_update(shape, parameters.data(), diff_weights.data(), velocity.data(), weights.data(), nullptr);
          reference::sgd_update({is_bias ? 0.02 : 0.01, 0.9, 0.0005}, doubles(g), expected_velocity, expected_weights);
        }
        EXPECT_TRUE(matches(velocity.values(), expected_velocity, kUpdateTolerance)) << count;
        EXPECT_TRUE(matches(weights.values(), expected_weights, kUpdateTolerance)) << count;
      }
    }
  });
}

}  // namespace
}  // namespace alexnet::test
