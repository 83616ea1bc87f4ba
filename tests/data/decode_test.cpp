#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include <cstdlib>

#include "data/decode_formats.hpp"
#include "data/picture_support.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

struct JpegKind {
  J_COLOR_SPACE input = JCS_RGB;  // of `samples`
  J_COLOR_SPACE stored = JCS_YCbCr;
  bool progressive = false, adobe = true, arithmetic = false;
};

// samples: (height, width, channels of kind.input). Quality 100 and no subsampling.
Bytes make_jpeg(const Bytes& samples, std::int64_t height, std::int64_t width, const JpegKind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = kind.input == JCS_GRAYSCALE ? 1 : kind.input == JCS_CMYK ? 4 : 3;
  info.in_color_space = kind.input;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, kind.stored);
  jpeg_set_quality(&info, 100, TRUE);
  for (int c = 0; c < info.num_components; ++c) info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  if (kind.progressive) jpeg_simple_progression(&info);
  if (!kind.adobe) info.write_Adobe_marker = FALSE;
  info.arith_code = kind.arithmetic ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row =
        const_cast<std::uint8_t*>(samples.data()) + info.next_scanline * info.image_width * static_cast<JDIMENSION>(info.input_components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  Bytes result(buffer, buffer + size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return result;
}

Bytes make_png(const void* samples, std::int64_t height, std::int64_t width, png_uint_32 format, const void* palette = nullptr,
               int colors = 0) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  image.colormap_entries = static_cast<png_uint_32>(colors);
  png_alloc_size_t size = 0;
  EXPECT_NE(png_image_write_to_memory(&image, nullptr, &size, 0, samples, 0, palette), 0) << image.message;
  Bytes result(size);
  EXPECT_NE(png_image_write_to_memory(&image, result.data(), &size, 0, samples, 0, palette), 0) << image.message;
  result.resize(size);
  return result;
}

Bytes make_webp(const Picture& picture, bool lossless) {
  std::uint8_t* buffer = nullptr;
  const int width = static_cast<int>(picture.width), height = static_cast<int>(picture.height);
  const std::size_t size = lossless ? WebPEncodeLosslessRGB(picture.rgb.data(), width, height, width * 3, &buffer)
                                    : WebPEncodeRGB(picture.rgb.data(), width, height, width * 3, 95, &buffer);
  Bytes result(buffer, buffer + size);
  WebPFree(buffer);
  return result;
}

Bytes grey_of(const Picture& picture) {
  Bytes grey;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) grey.push_back(picture.rgb[i]);
  return grey;
}

Picture grey_picture(const Picture& picture) {
  Picture result = picture;
  for (std::size_t i = 0; i < result.rgb.size(); ++i) result.rgb[i] = picture.rgb[i / 3 * 3];
  return result;
}

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

// `rows` null: the file ends where the pixels begin.
Bytes make_png_of_kind(int height, int width, int bits, int color_type, int interlace, png_bytepp rows) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  Bytes file;
  png_set_write_fn(
      png, &file,
      [](png_structp p, png_bytep data, std::size_t count) {
        auto* to = static_cast<Bytes*>(png_get_io_ptr(p));
        to->insert(to->end(), data, data + count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits, color_type, interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (rows != nullptr) {
    png_write_image(png, rows);
    png_write_end(png, info);
  } else {
    file.insert(file.end(), {0, 0, 0, 9, 'I', 'D', 'A', 'T'});
  }
  png_destroy_write_struct(&png, &info);
  return file;
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

TEST(DecodeTest, RefusesWhatIsCutShort) {
  const Picture picture = smooth_picture(64, 64);
  const std::pair<Bytes, const char*> files[] = {{encode_jpeg(picture, 90), "truncated JPEG"},
                                                 {make_jpeg(picture.rgb, 64, 64, {JCS_RGB, JCS_YCbCr, true}), "truncated JPEG"},
                                                 {make_png(picture.rgb.data(), 64, 64, PNG_FORMAT_RGB), "truncated PNG"},
                                                 {make_webp(picture, false), "truncated WebP"},
                                                 {encode_ppm(picture), "truncated PPM"}};
  for (const auto& [file, word] : files) {
    for (const std::size_t kept : {file.size() / 2, file.size() - 3}) {
      const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(kept));
      expect_error(ExitCode::bad_data, {word}, [&] { decode_picture(cut); });
    }
  }
}

TEST(DecodeTest, RefusesHugePicturesBeforeItAllocates) {
  expect_error(ExitCode::bad_data, {"PPM with 70000 x 2 pixels"}, [] { decode_picture(bytes_of("P6 70000 2 255\n......")); });
  expect_error(ExitCode::bad_data, {"PPM with 60000 x 60000 pixels"}, [] { decode_picture(bytes_of("P6 60000 60000 255\n......")); });
  expect_error(ExitCode::bad_data, {"9 digits"}, [] { decode_picture(bytes_of("P6 99999999999999999999 2 255\n......")); });

  const Picture picture = smooth_picture(64, 64);
  Bytes jpeg = make_jpeg(picture.rgb, 64, 64, {});
  std::size_t frame = 0;  // its header: FF C0, length, precision, height, width
  while (jpeg[frame] != 0xff || jpeg[frame + 1] != 0xc0) ++frame;
  for (const std::size_t extent : {5, 7}) {
    jpeg[frame + extent] = 0xea;
    jpeg[frame + extent + 1] = 0x60;
  }
  expect_error(ExitCode::bad_data, {"JPEG with 60000 x 60000 pixels"}, [&] { decode_picture(jpeg); });
  jpeg[frame + 7] = 0x08;  // within the limits, but the file is too short to hold it
  expect_error(ExitCode::bad_data, {"truncated JPEG"}, [&] { decode_picture(jpeg); });

  Bytes png = make_png(picture.rgb.data(), 64, 64, PNG_FORMAT_RGB);
  Bytes bomb = make_png_of_kind(60000, 60000, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, nullptr);
  expect_error(ExitCode::bad_data, {"PNG with 60000 x 60000 pixels"}, [&] { decode_picture(bomb); });
  bomb = make_png_of_kind(16000, 16000, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, nullptr);
  expect_error(ExitCode::bad_data, {"truncated PNG"}, [&] { decode_picture(bomb); });
  png[17] = 0x01;  // width 64 + 65536; the checksum of the header no longer fits
  expect_error(ExitCode::bad_data, {"PNG"}, [&] { decode_picture(png); });
}

// Damage anywhere: a picture comes back or an Error does; anything else (a crash, a foreign exception) fails.
TEST(DecodeTest, SurvivesMutatedFiles) {
  const Picture picture = smooth_picture(40, 56);
  const std::vector<Bytes> files = {encode_jpeg(picture, 90),
                                    make_jpeg(picture.rgb, 40, 56, {JCS_RGB, JCS_YCbCr, true}),
                                    make_jpeg(grey_of(picture), 40, 56, {JCS_GRAYSCALE, JCS_GRAYSCALE}),
                                    make_png(picture.rgb.data(), 40, 56, PNG_FORMAT_RGB),
                                    make_webp(picture, false),
                                    make_webp(picture, true),
                                    encode_ppm(picture)};
  const int rounds = reduced() ? 100 : 2000;
  std::uint64_t decoded = 0, refused = 0;
  for (std::size_t kind = 0; kind < files.size(); ++kind) {
    for (int round = 0; round < rounds; ++round) {
      Bytes file = files[kind];
      const RandomBlock r = random_block(kind, 1002U, static_cast<std::uint64_t>(round), 0);
      const std::uint32_t changes = 1 + r[0] % 8;
      const std::size_t reach = r[1] % 2 == 0 ? std::min<std::size_t>(file.size(), 700) : file.size();  // headers, or anywhere
      for (std::uint32_t i = 0; i < changes; ++i) {
        const RandomBlock change = random_block(kind, 1003U, static_cast<std::uint64_t>(round), i);
        file[change[0] % reach] = static_cast<std::uint8_t>(change[1]);
      }
      if (r[2] % 4 == 0) file.resize(r[3] % file.size());
      try {
        const Picture result = decode_picture(file);
        EXPECT_EQ(result.rgb.size(), static_cast<std::size_t>(result.height * result.width * 3));
        ++decoded;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::bad_data);
        ++refused;
      }
    }
  }
  EXPECT_GT(decoded, 0U);
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace alexnet
