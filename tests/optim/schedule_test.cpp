#include "alexnet/optim/schedule.hpp"

#include <gtest/gtest.h>

namespace alexnet {
namespace {

ValidationResult with_error(double top1_error) { return {.loss = 1, .top1_error = top1_error, .top5_error = 0.5, .images = 10}; }

TEST(ScheduleTest, ConstantStaysConstant) {
  const Schedule schedule(ScheduleConfig{.kind = "constant", .learning_rate = 0.01, .plateau = {}, .steps = {}}, 10);
  EXPECT_EQ(schedule.learning_rate(0, 0, 100), 0.01);
  EXPECT_EQ(schedule.learning_rate(100000, 12800000, 100), 0.01);
}

TEST(ScheduleTest, StepsFallWhenThePassesAreDone) {
  ScheduleConfig config{.kind = "steps", .learning_rate = 1, .plateau = {}, .steps = {.factor = 0.5, .at_epochs = {2, 3}, .at_steps = {}}};
  const Schedule schedule(config, 10);
  EXPECT_EQ(schedule.learning_rate(19, 199, 100), 1);
  EXPECT_EQ(schedule.learning_rate(20, 200, 100), 0.5);
  EXPECT_EQ(schedule.learning_rate(30, 300, 100), 0.25);
}

TEST(ScheduleTest, StepsCountSteps) {
  ScheduleConfig config{.kind = "steps", .learning_rate = 1, .plateau = {}, .steps = {.factor = 0.1, .at_epochs = {}, .at_steps = {7}}};
  const Schedule schedule(config, 10);
  EXPECT_EQ(schedule.learning_rate(6, 0, 100), 1);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(7, 0, 100), 0.1);
}

TEST(ScheduleTest, PlateauLowersAfterItsPatienceAndEndsAfterItsLastReduction) {
  ScheduleConfig config{.kind = "plateau", .learning_rate = 1, .plateau = {}, .steps = {}};
  config.plateau = {.metric = "top1_error", .factor = 0.1, .patience_epochs = 2, .threshold = 0.01, .max_reductions = 1};
  Schedule schedule(config, 10);
  EXPECT_FALSE(schedule.observe(with_error(0.5), 1));
  EXPECT_FALSE(schedule.observe(with_error(0.495), 2));  // better, but by less than the threshold
  EXPECT_TRUE(schedule.observe(with_error(0.495), 3));
  EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0, 1), 0.1);
  EXPECT_FALSE(schedule.observe(with_error(0.5), 4));
  EXPECT_FALSE(schedule.observe(with_error(0.3), 5));  // an improvement starts the patience anew
  EXPECT_FALSE(schedule.observe(with_error(0.3), 6));
  EXPECT_FALSE(schedule.state().ended);
  EXPECT_TRUE(schedule.observe(with_error(0.3), 7));
  EXPECT_TRUE(schedule.state().ended);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0, 1), 0.1);
}

TEST(ScheduleTest, PlateauGoesOnFromItsState) {
  ScheduleConfig config{.kind = "plateau", .learning_rate = 1, .plateau = {}, .steps = {}};
  config.plateau = {.metric = "loss", .factor = 0.5, .patience_epochs = 1, .threshold = 0, .max_reductions = 5};
  Schedule whole(config, 10);
  whole.observe({.loss = 2, .top1_error = 1, .top5_error = 1, .images = 1}, 1);
  Schedule resumed(config, 10, whole.state());
  for (int epoch = 2; epoch < 6; ++epoch) {
    const ValidationResult result{.loss = 2.0 - 0.1 * (epoch % 3), .top1_error = 1, .top5_error = 1, .images = 1};
    EXPECT_EQ(whole.observe(result, epoch), resumed.observe(result, epoch)) << epoch;
    EXPECT_EQ(whole.learning_rate(0, 0, 1), resumed.learning_rate(0, 0, 1)) << epoch;
  }
}

TEST(ScheduleTest, WarmupRisesWithThePicturesSeen) {
  ScheduleConfig config{.kind = "steps", .learning_rate = 0.4, .plateau = {}, .steps = {.factor = 0.5, .at_epochs = {3}, .at_steps = {}}};
  config.warmup_epochs = 2;
  const Schedule schedule(config, 10);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0, 100), 0.02);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(9, 90, 100), 0.2);
  EXPECT_EQ(schedule.learning_rate(19, 190, 100), 0.4);
  EXPECT_EQ(schedule.learning_rate(29, 290, 100), 0.4);
  EXPECT_EQ(schedule.learning_rate(30, 300, 100), 0.2);
}

TEST(ScheduleTest, TheRateIsScaledFromTheReferenceBatch) {
  ScheduleConfig config{.kind = "constant", .learning_rate = 0.01, .plateau = {}, .steps = {}};
  config.reference_batch = 128;
  EXPECT_DOUBLE_EQ(Schedule(config, 512).learning_rate(0, 0, 100), 0.04);
  EXPECT_DOUBLE_EQ(Schedule(config, 64).learning_rate(0, 0, 100), 0.005);
  EXPECT_EQ(Schedule(config, 128).learning_rate(0, 0, 100), 0.01);
}

}  // namespace
}  // namespace alexnet
