#include "data/picture_support.hpp"

namespace alexnet {
namespace {

// Red grows along x, green along y: what is left after a crop can be read off.
Picture ramp(std::int64_t height, std::int64_t width) {
  Picture picture{height, width, {}};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (const std::int64_t value : {x * 255 / (width - 1), y * 255 / (height - 1), std::int64_t{128}})
        picture.rgb.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return picture;
}

const std::uint8_t* pixel(const Picture& picture, std::int64_t y, std::int64_t x) {
  return &picture.rgb[static_cast<std::size_t>((y * picture.width + x) * 3)];
}

TEST(ResizeTest, KeepsAPictureOfTheSize) {
  const Picture picture = noise_picture(32, 32);
  EXPECT_EQ(resize_and_crop(picture, 32).rgb, picture.rgb);
}

TEST(ResizeTest, CropsTheCentreWhenOneSideFits) {
  const Picture wide = noise_picture(32, 41);
  const Picture result = resize_and_crop(wide, 32);
  for (std::int64_t y = 0; y < 32; ++y) {
    for (std::int64_t x = 0; x < 32; ++x) EXPECT_EQ(pixel(result, y, x)[0], pixel(wide, y, x + 4)[0]);  // (41 - 32) / 2
  }
  const Picture high = noise_picture(42, 32);
  EXPECT_EQ(pixel(resize_and_crop(high, 32), 0, 0)[1], pixel(high, 5, 0)[1]);
}

// 96 + 1, 2, 3 ... pixels: torchvision rounds a half margin to the even number.
TEST(ResizeTest, RoundsOddMarginsToTheEvenNumber) {
  for (const auto& [width, first] : {std::pair{33, 0}, {34, 1}, {35, 2}, {36, 2}, {37, 2}, {38, 3}, {39, 4}}) {
    const Picture wide = noise_picture(32, width);
    EXPECT_EQ(pixel(resize_and_crop(wide, 32), 5, 0)[0], pixel(wide, 5, first)[0]) << width;
  }
}

TEST(ResizeTest, TakesTheCentreOfLandscapeAndPortrait) {
  // 500 x 375 -> 341 x 256 (341.33): columns 42 to 297 stay.
  const Picture landscape = resize_and_crop(ramp(375, 500), 256);
  ASSERT_EQ(landscape.height, 256);
  ASSERT_EQ(landscape.width, 256);
  EXPECT_NEAR(pixel(landscape, 128, 0)[0], 42.5 / 341 * 255, 1.5);
  EXPECT_NEAR(pixel(landscape, 128, 255)[0], 297.5 / 341 * 255, 1.5);
  EXPECT_NEAR(pixel(landscape, 0, 128)[1], 0, 1.5);
  EXPECT_NEAR(pixel(landscape, 255, 128)[1], 255, 1.5);
  const Picture portrait = resize_and_crop(ramp(500, 375), 256);
  EXPECT_NEAR(pixel(portrait, 0, 128)[1], 42.5 / 341 * 255, 1.5);
  EXPECT_NEAR(pixel(portrait, 255, 128)[1], 297.5 / 341 * 255, 1.5);
  EXPECT_NEAR(pixel(portrait, 128, 0)[0], 0, 1.5);
}

TEST(ResizeTest, AveragesWhenShrinking) {
  // A chequerboard of 0 and 255, halved: grey, but for the border, whose triangles are cut off.
  Picture board{64, 64, {}};
  for (int i = 0; i < 64 * 64 * 3; ++i) board.rgb.push_back((i / 3 / 64 + i / 3 % 64) % 2 == 0 ? 0 : 255);
  const Picture half = resize_and_crop(board, 32);
  for (std::int64_t y = 1; y < 31; ++y) {
    for (std::int64_t x = 1; x < 31; ++x) ASSERT_NEAR(pixel(half, y, x)[0], 127.5, 0.6) << y << " " << x;
  }
}

TEST(ResizeTest, GivesTheSizeForOddShapes) {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{1, 1},     {1, 3},   {257, 255}, {255, 257},
                                                          {256, 257}, {31, 97}, {4000, 3},  {1, 65500}};
  for (const auto& [height, width] : shapes) {
    const Picture result = resize_and_crop(smooth_picture(height, width), 64);
    EXPECT_EQ(result.height, 64) << height << " x " << width;
    EXPECT_EQ(result.width, 64);
    EXPECT_EQ(result.rgb.size(), 64U * 64 * 3);
  }
}

TEST(ResizeTest, EnlargesSmoothly) {
  const Picture result = resize_and_crop(ramp(16, 16), 128);
  EXPECT_NEAR(pixel(result, 64, 64)[0], 127.5, 3);
  for (std::int64_t x = 8; x < 119; ++x) EXPECT_LE(pixel(result, 64, x)[0], pixel(result, 64, x + 1)[0]);
}

TEST(ResizeTest, SaysWhatItDoes) { EXPECT_THAT(resampler_description(), testing::StartsWith("Pillow's bilinear")); }

}  // namespace
}  // namespace alexnet
