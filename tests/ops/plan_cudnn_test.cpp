// The real cuDNN in builds with it, where there is no GPU: it makes plans for a card that is not there. Running them is left to
// `alexnet selftest --backend cudnn`.
#include "ops/plan_cudnn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alexnet/core/error.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"

namespace alexnet::test {
namespace {

// An H100 in cuDNN's words.
constexpr const char* kCard = R"({"deviceName": "NVIDIA H100 80GB HBM3", "deviceVer": 900, "driverVer": 13000, "cudaDeviceId": 0,
"pciDeviceId": 0, "totalGlobalMem": 85899345920, "multiProcessorCount": 132, "smClockRateKHz": 1980000, "memClockRateKHz": 2619000,
"l2CacheSize": 52428800, "warpSize": 32, "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
"maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "maxCtasPerSM": 32, "regsPerBlock": 65536, "maxRegistersPerSM": 65536,
"maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024, "isTccDriver": 0,
"supportCoopLaunch": 1})";

class PlanCudnnTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      cudnn_ = open_cudnn_for(kCard);
    } catch (const Error& error) {
      GTEST_SKIP() << "this cuDNN makes no plans for a card that is not there: " << error.what();
    }
  }
  std::shared_ptr<const Cudnn> cudnn_;
};

constexpr PassCudnn kPasses[] = {PassCudnn::forward, PassCudnn::forward_bias, PassCudnn::forward_bias_relu, PassCudnn::backward_data,
                                 PassCudnn::backward_weights};

TEST_F(PlanCudnnTest, HasPlansForEveryPassOfTheFullNetwork) {
  for (const auto& [name, shape] : reference::alexnet_conv2d_shapes(128)) {
    for (const PassCudnn pass : kPasses) {
      PlansCudnn plans(cudnn_, shape, pass);
      const auto best = plans.best(2);
      ASSERT_FALSE(best.empty()) << name << ", pass " << static_cast<int>(pass) << ": " << plans.refusal();
      const auto again = plans.find(best.back().algorithm());
      ASSERT_TRUE(again.has_value());
      EXPECT_EQ(again->scratch_bytes(), best.back().scratch_bytes());
      EXPECT_THAT(again->algorithm(), testing::MatchesRegex("eng[0-9]+(_k[0-9]+=-?[0-9]+)*"));
    }
  }
}

TEST_F(PlanCudnnTest, TakesPaddingsThatDifferAndGroups) {
  const auto shape = Conv2dShape::infer("conv", 3, {13, 13, 6}, 10, 5, 2, {1, 2, 0, 1}, 2);
  for (const PassCudnn pass : kPasses) {
    PlansCudnn plans(cudnn_, shape, pass);
    EXPECT_FALSE(plans.best(1).empty()) << static_cast<int>(pass) << ": " << plans.refusal();
  }
}

TEST_F(PlanCudnnTest, RefusesWhatDoesNotFit) {
  Conv2dShape shape = Conv2dShape::infer("conv", 3, {13, 13, 6}, 10, 5, 2, {}, 1);
  ++shape.OH;
  PlansCudnn plans(cudnn_, shape, PassCudnn::forward);
  EXPECT_TRUE(plans.best(1).empty());
  EXPECT_THAT(plans.refusal(), testing::StartsWith("cuDNN: a descriptor: CUDNN_STATUS_BAD_PARAM"));
  EXPECT_FALSE(plans.find("eng0").has_value());
}

}  // namespace
}  // namespace alexnet::test
