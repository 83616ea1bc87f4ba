// What the decoders read, pixel by pixel.
#include "data/decode_formats.hpp"
#include "data/encoded_pictures.hpp"

namespace alexnet {
namespace {

TEST(DecodeTest, ReadsColourJpegs) {
  const Picture picture = smooth_picture(37, 53);
  for (const bool progressive : {false, true}) {
    for (const J_COLOR_SPACE stored : {JCS_YCbCr, JCS_RGB}) {
      const Bytes jpeg = make_jpeg(picture.rgb, 37, 53, {JCS_RGB, stored, progressive});
      EXPECT_LE(largest_difference(decode_picture(jpeg), picture), 4) << progressive << stored;
      EXPECT_EQ(formats::is_baseline_jpeg(jpeg), !progressive);
    }
  }
  EXPECT_LE(largest_difference(decode_picture(encode_jpeg(picture, 95)), picture), 8);
}

TEST(DecodeTest, ReadsArithmeticCodedJpegs) {
  const Picture picture = smooth_picture(37, 53);
  for (const bool progressive : {false, true}) {
    const Bytes jpeg = make_jpeg(picture.rgb, 37, 53, {.progressive = progressive, .arithmetic = true});
    EXPECT_EQ(decode_picture(jpeg).rgb, decode_picture(make_jpeg(picture.rgb, 37, 53, {.progressive = progressive})).rgb);
    EXPECT_FALSE(formats::is_baseline_jpeg(jpeg)) << "few others read it, so prepare encodes it anew";
  }
}

// Without the segments of one kind: DQT (0xdb) or DHT (0xc4).
Bytes without_segments(Bytes jpeg, std::uint8_t marker) {
  for (std::ptrdiff_t at = 2; jpeg[static_cast<std::size_t>(at) + 1] != 0xda;) {
    const auto* segment = jpeg.data() + at;
    const std::ptrdiff_t bytes = 2 + (segment[2] << 8 | segment[3]);
    if (segment[1] == marker) {
      jpeg.erase(jpeg.begin() + at, jpeg.begin() + at + bytes);
    } else {
      at += bytes;
    }
  }
  return jpeg;
}

TEST(DecodeTest, ForgetsTheTablesOfTheJpegBefore) {
  const Picture picture = smooth_picture(24, 40);
  const Bytes usual = encode_jpeg(picture, 90), other_tables = make_jpeg(picture.rgb, 24, 40, {.progressive = true});
  const Picture expected = decode_picture(usual);
  decode_picture(other_tables);
  EXPECT_EQ(decode_picture(without_segments(usual, 0xc4)).rgb, expected.rgb) << "without Huffman tables the standard ones are meant";
  expect_error(ExitCode::bad_data, {"damaged JPEG: Quantization table"}, [&] { decode_picture(without_segments(usual, 0xdb)); });
}

TEST(DecodeTest, ReadsGreyJpegsAsThreeEqualChannels) {
  const Picture picture = smooth_picture(24, 40);
  const Bytes jpeg = make_jpeg(grey_of(picture), 24, 40, {JCS_GRAYSCALE, JCS_GRAYSCALE});
  EXPECT_LE(largest_difference(decode_picture(jpeg), grey_picture(picture)), 3);
  EXPECT_TRUE(formats::is_baseline_jpeg(jpeg));
}

TEST(DecodeTest, ReadsInksThatAdobeStoresInverted) {
  // Stored values are 255 - ink: with K' = 255 (no black), R = C'.
  const Picture picture = smooth_picture(24, 32);
  Bytes inks;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    inks.insert(inks.end(), picture.rgb.begin() + static_cast<std::ptrdiff_t>(i), picture.rgb.begin() + static_cast<std::ptrdiff_t>(i) + 3);
    inks.push_back(255);
  }
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    const Bytes jpeg = make_jpeg(inks, 24, 32, {JCS_CMYK, stored});
    EXPECT_LE(largest_difference(decode_picture(jpeg), picture), 5);
    EXPECT_FALSE(formats::is_baseline_jpeg(jpeg));
  }
  for (std::size_t i = 3; i < inks.size(); i += 4) inks[i] = 127;  // half black: half as light
  const Picture dark = decode_picture(make_jpeg(inks, 24, 32, {JCS_CMYK, JCS_CMYK}));
  for (std::size_t i = 0; i < dark.rgb.size(); ++i) EXPECT_NEAR(dark.rgb[i], picture.rgb[i] * 127 / 255.0, 4);
}

TEST(DecodeTest, ReadsInksWithoutAdobeMarkerAsTheyAre) {
  Bytes inks;
  for (int i = 0; i < 16 * 16; ++i) inks.insert(inks.end(), {55, 155, 205, 0});
  const Picture picture = decode_picture(make_jpeg(inks, 16, 16, {JCS_CMYK, JCS_CMYK, false, false}));
  EXPECT_NEAR(picture.rgb[0], 200, 2);
  EXPECT_NEAR(picture.rgb[1], 100, 2);
  EXPECT_NEAR(picture.rgb[2], 50, 2);
}

TEST(DecodeTest, ReadsPngs) {
  const Picture picture = noise_picture(19, 23);
  EXPECT_EQ(decode_picture(make_png(picture.rgb.data(), 19, 23, PNG_FORMAT_RGB)).rgb, picture.rgb);
  const Bytes grey = grey_of(picture);
  EXPECT_EQ(decode_picture(make_png(grey.data(), 19, 23, PNG_FORMAT_GRAY)).rgb, grey_picture(picture).rgb);

  Bytes with_alpha;  // alpha is dropped, not applied
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
    with_alpha.push_back(picture.rgb[i]);
    if (i % 3 == 2) with_alpha.push_back(static_cast<std::uint8_t>(i));
  }
  EXPECT_EQ(decode_picture(make_png(with_alpha.data(), 19, 23, PNG_FORMAT_RGBA)).rgb, picture.rgb);

  const Bytes palette = {10, 20, 30, 200, 100, 50};
  Bytes indices(19 * 23);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i % 3 == 0 ? 1 : 0;
  const Picture colors = decode_picture(make_png(indices.data(), 19, 23, PNG_FORMAT_RGB_COLORMAP, palette.data(), 2));
  EXPECT_EQ((Bytes{colors.rgb.begin(), colors.rgb.begin() + 6}), (Bytes{200, 100, 50, 10, 20, 30}));
}

TEST(DecodeTest, ScalesSixteenBitPngs) {
  Bytes row = {0x80, 0x80, 0xff, 0xff};
  png_bytep rows[1] = {row.data()};
  EXPECT_EQ(decode_picture(make_png_of_kind(1, 2, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, rows)).rgb,
            (Bytes{128, 128, 128, 255, 255, 255}));
}

TEST(DecodeTest, ReadsWebp) {
  const Picture picture = smooth_picture(33, 20);
  EXPECT_EQ(decode_picture(make_webp(picture, true)).rgb, picture.rgb);
  EXPECT_LE(largest_difference(decode_picture(make_webp(picture, false)), picture), 12);
}

TEST(DecodeTest, ReadsPpm) {
  const Picture picture = noise_picture(5, 7);
  EXPECT_EQ(decode_picture(encode_ppm(picture)).rgb, picture.rgb);
  Bytes with_comment = bytes_of("P6 # a comment\n7\t5 # another 9 9\n255\n");
  with_comment.insert(with_comment.end(), picture.rgb.begin(), picture.rgb.end());
  EXPECT_EQ(decode_picture(with_comment).rgb, picture.rgb);
}

TEST(DecodeTest, IntoMemoryGivesTheSamePixels) {
  const Picture picture = smooth_picture(16, 24);
  for (const Bytes& file : {encode_ppm(picture), encode_jpeg(picture, 90), make_png(picture.rgb.data(), 16, 24, PNG_FORMAT_RGB)}) {
    Bytes rgb(16 * 24 * 3 + 8, 77);  // a guard behind the pixels
    decode_picture_into(file, 16, 24, rgb.data());
    EXPECT_EQ(Bytes(rgb.begin(), rgb.end() - 8), decode_picture(file).rgb);
    EXPECT_EQ(Bytes(rgb.end() - 8, rgb.end()), Bytes(8, 77));
    expect_error(ExitCode::bad_data, {"24 x 16", "16 x 24"}, [&] { decode_picture_into(file, 24, 16, rgb.data()); });
  }
}

}  // namespace
}  // namespace alexnet
