#include "train/weight_order.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace alexnet {
namespace {

TEST(WeightOrderTest, MovesInputsBeforeRowsAndColumns) {
  const Shape memory{2, 3, 5, 4};  // OHWI
  std::vector<float> values(120);
  std::iota(values.begin(), values.end(), 0.0F);
  const std::vector<float> file = to_file_order(memory, values);
  for (int o = 0; o < 2; ++o) {
    for (int i = 0; i < 4; ++i) {
      for (int h = 0; h < 3; ++h) {
        for (int w = 0; w < 5; ++w) EXPECT_EQ(file[((o * 4 + i) * 3 + h) * 5 + w], values[((o * 3 + h) * 5 + w) * 4 + i]);
      }
    }
  }
  EXPECT_EQ(to_memory_order(memory, file), values);
}

TEST(WeightOrderTest, LeavesBiasesAlone) {
  const std::vector<float> bias = {1, 2, 3};
  EXPECT_EQ(to_file_order({3}, bias), bias);
  EXPECT_EQ(to_memory_order({3}, bias), bias);
}

}  // namespace
}  // namespace alexnet
