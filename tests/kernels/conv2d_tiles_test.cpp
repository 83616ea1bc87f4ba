#include "kernels/conv2d_tiles.hpp"

#include <gtest/gtest.h>

namespace alexnet::test {
namespace {

TEST(Conv2dTiles, AreLargeWhereTheProductFillsThem) {
  EXPECT_EQ(choose_tile(128 * 13 * 13, 384, 1, true), (TileExtents{128, 128}));  // conv3, batch 128
  EXPECT_EQ(choose_tile(128 * 13 * 13, 192, 2, true), (TileExtents{128, 64}));   // conv4
  EXPECT_EQ(choose_tile(128 * 55 * 55, 96, 1, false), (TileExtents{128, 64}));   // conv1
  EXPECT_EQ(choose_tile(48, 1200, 100, true), (TileExtents{64, 128}));
}

TEST(Conv2dTiles, AreSmallWhereTheyWouldBeFew) {
  EXPECT_EQ(choose_tile(13 * 13, 384, 1, true), (TileExtents{64, 64}));
  EXPECT_EQ(choose_tile(1, 1, 1, false), (TileExtents{64, 64}));
}

}  // namespace
}  // namespace alexnet::test
