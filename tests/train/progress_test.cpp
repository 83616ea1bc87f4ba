#include "train/progress.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace alexnet {
namespace {

TEST(ProgressTest, DurationsReadAsAClock) {
  EXPECT_EQ(format_duration(5), "0:05");
  EXPECT_EQ(format_duration(245.4), "4:05");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
}

TEST(ProgressTest, TheLineSaysWhatLimits) {
  const ProgressLine line{200, 3910, 0.51, 4.2101, 0.92, 3723, {.seconds = 10, .waited_s = 0.1, .images = 381}};
  EXPECT_EQ(line.str(), "step 200/3910  epoch 0.51  loss 4.2101  top-1 92.00 %  38.1 images/s  data-wait 1 %  left 1:02:03");
}

TEST(ProgressTest, PacesAddUp) {
  Pace pace{.seconds = 1, .waited_s = 0.5, .images = 10};
  pace.add({.seconds = 3, .waited_s = 0.5, .images = 30});
  EXPECT_DOUBLE_EQ(pace.images_per_s(), 10);
  EXPECT_DOUBLE_EQ(pace.data_wait(), 0.25);
  EXPECT_EQ(Pace{}.images_per_s(), 0);
}

}  // namespace
}  // namespace alexnet
