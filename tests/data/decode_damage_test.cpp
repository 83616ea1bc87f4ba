// Picture files that are cut short, promise too much or are damaged anywhere.
#include "data/encoded_pictures.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

TEST(DecodeDamageTest, RefusesWhatIsCutShort) {
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

TEST(DecodeDamageTest, RefusesHugePicturesBeforeItAllocates) {
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
TEST(DecodeDamageTest, SurvivesMutatedFiles) {
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
