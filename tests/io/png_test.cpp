#include <png.h>

#include "io/io_fixture.hpp"

namespace alexnet {
namespace {

using PngTest = IoTest;

TEST_F(PngTest, AnotherReaderSeesTheSamePixels) {
  constexpr std::int64_t kHeight = 5, kWidth = 7;
  std::vector<std::uint8_t> rgb(kHeight * kWidth * 3);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 37);
  write_png(path("sheet.png"), rgb.data(), kHeight, kWidth);

  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&image, path("sheet.png").c_str()), 0) << image.message;
  EXPECT_EQ(image.width, kWidth);
  EXPECT_EQ(image.height, kHeight);
  EXPECT_EQ(image.format, static_cast<unsigned>(PNG_FORMAT_RGB));
  std::vector<std::uint8_t> read(PNG_IMAGE_SIZE(image));
  ASSERT_NE(png_image_finish_read(&image, nullptr, read.data(), 0, nullptr), 0) << image.message;
  EXPECT_EQ(read, rgb);
}

TEST_F(PngTest, RefusesImpossibleExtents) {
  const std::uint8_t pixel[3] = {1, 2, 3};
  expect_error(ExitCode::internal, {"0 x 1"}, [&] { write_png(path("f.png"), pixel, 0, 1); });
  expect_error(ExitCode::internal, {"1 x 70000"}, [&] { write_png(path("f.png"), pixel, 1, 70000); });
  expect_error(ExitCode::io_failed, {path("none/f.png")}, [&] { write_png(path("none/f.png"), pixel, 1, 1); });
  EXPECT_EQ(num_files(), 0U);
}

}  // namespace
}  // namespace alexnet
