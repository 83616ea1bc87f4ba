#include "train/watchdog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace alexnet {
namespace {

using testing::HasSubstr;

TEST(WatchdogTest, TheFirstLossIsComparedWithChance) {
  EXPECT_THAT(describe_first_loss(6.9, 1000), HasSubstr("ln(1000) = 6.9078"));
  EXPECT_FALSE(first_loss_is_suspicious(6.95, 1000));
  EXPECT_TRUE(first_loss_is_suspicious(20, 1000));
  EXPECT_TRUE(first_loss_is_suspicious(std::numeric_limits<double>::quiet_NaN(), 1000));
}

TEST(WatchdogTest, AStallIsToldOnceAndAgainAfterAnEscape) {
  StallWatch watch(10, 100);
  const double chance = std::log(10.0);
  EXPECT_FALSE(watch.observe(chance, 10));
  EXPECT_FALSE(watch.observe(chance * 1.005, 100));
  EXPECT_TRUE(watch.observe(chance, 110));
  EXPECT_FALSE(watch.observe(chance, 500));
  EXPECT_FALSE(watch.observe(chance * 0.9, 510));
  EXPECT_FALSE(watch.observe(chance, 520));
  EXPECT_TRUE(watch.observe(chance, 620));
}

TEST(WatchdogTest, ALossThatFallsIsNoStall) {
  StallWatch watch(10, 10);
  for (std::uint64_t step = 0; step < 100; step += 10) EXPECT_FALSE(watch.observe(2.2 - 0.01 * static_cast<double>(step), step));
}

TEST(WatchdogTest, TheHintNamesTheSettings) {
  EXPECT_THAT(StallWatch::usual_reasons(0.01, true, 0.01), HasSubstr("biases that start at 1 with weights of std 0.01"));
  EXPECT_THAT(StallWatch::usual_reasons(0.5, false, 0.01), testing::Not(HasSubstr("biases")));
  EXPECT_THAT(StallWatch::usual_reasons(0.5, false, 0.01), HasSubstr("learning rate of 0.5"));
}

TEST(WatchdogTest, ValidationAtChanceIsSeenOnlyWhenTrainingIsBetter) {
  EXPECT_TRUE(validation_is_at_chance(0.3, 0.9, 10));
  EXPECT_FALSE(validation_is_at_chance(0.85, 0.9, 10));
  EXPECT_FALSE(validation_is_at_chance(0.3, 0.4, 10));
}

}  // namespace
}  // namespace alexnet
