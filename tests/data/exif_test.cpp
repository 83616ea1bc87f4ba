// The orientation that a camera wrote: found in both byte orders, never believed when it is broken, and applied.
#include "data/exif.hpp"

#include "alexnet/core/log.hpp"
#include "alexnet/data/prepare.hpp"
#include "data/picture_support.hpp"
#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

std::string number(std::uint32_t value, int width, bool big_endian) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> 8 * (big_endian ? width - 1 - i : i));
  return bytes;
}

struct Exif {
  std::uint32_t orientation = 6;
  bool big_endian = false;
  std::uint32_t type = 3, count = 1, directory = 8, entries = 2, tag = 0x0112;
};

// A JPEG with an APP0 and an APP1 segment in front of what encode_jpeg makes.
Bytes jpeg_with(const Exif& e) {
  const auto n = [&](std::uint32_t value, int width) { return number(value, width, e.big_endian); };
  const std::string tiff = std::string(e.big_endian ? "MM" : "II") + n(42, 2) + n(e.directory, 4) + n(e.entries, 2) +  //
                           n(0x010f, 2) + n(2, 2) + n(4, 4) + "abc" + std::string(1, '\0') +                           // maker
                           n(e.tag, 2) + n(e.type, 2) + n(e.count, 4) + n(e.orientation, 2) + n(0, 2) + n(0, 4);
  const std::string content = std::string("Exif\0\0", 6) + tiff;
  const std::string segment = "\xff\xe1" + number(static_cast<std::uint32_t>(content.size()) + 2, 2, true) + content;
  std::string jpeg = text_of(encode_jpeg(smooth_picture(24, 40), 90));
  return bytes_of(jpeg.insert(20, segment));  // behind SOI and an APP0 of 18 bytes
}

TEST(ExifTest, PrepareTurnsPicturesWhenAsked) {
  log::set_level(log::Level::quiet);
  TemporaryFolder folder;
  for (const char* name : {"in/a/1.jpg", "in/b/1.jpg"}) folder.write(name, text_of(jpeg_with({.orientation = 6})));
  PrepareOptions options;
  options.source = folder / "in";
  options.size = 24;
  options.encoding = "raw";
  for (const bool turned : {false, true}) {
    options.exif_orientation = turned;
    options.out = folder / (turned ? "turned" : "stored");
    const DatasetManifest manifest = prepare_dataset(options).manifest;
    const Shards shards(options.out, manifest, "train");
    const Picture stored = decode_picture(jpeg_with({})), expected = turned ? apply_exif_orientation(stored, 6) : stored;
    EXPECT_EQ(decode_picture({shards.sample(0).data, shards.sample(0).bytes}).rgb, resize_and_crop(expected, 24).rgb);
    EXPECT_EQ(manifest.resampler.ends_with("; turned as EXIF says"), turned);
  }
  log::set_level(log::Level::info);
}

TEST(ExifTest, FindsEveryOrientation) {
  for (const bool big_endian : {false, true}) {
    for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
      const Bytes jpeg = jpeg_with({.orientation = orientation, .big_endian = big_endian});
      EXPECT_EQ(exif_orientation(jpeg), static_cast<int>(orientation));
      EXPECT_EQ(decode_picture(jpeg).width, 40) << "decoding leaves the picture as it is stored";
    }
  }
}

TEST(ExifTest, WhatIsBrokenIsUpright) {
  for (const Exif& broken :
       {Exif{.orientation = 0}, Exif{.orientation = 9}, Exif{.type = 4}, Exif{.count = 2}, Exif{.directory = 9},
        Exif{.directory = 0xfffffff0U}, Exif{.entries = 1}, Exif{.entries = 0}, Exif{.entries = 0xffff, .tag = 0x0113}})
    EXPECT_EQ(exif_orientation(jpeg_with(broken)), 1);
  EXPECT_EQ(exif_orientation(jpeg_with({.entries = 0xffff})), 6) << "found before the directory runs past the end";
  for (const Bytes& other : {Bytes{}, bytes_of("\xff\xd8\xff"), bytes_of("\xff\xd8\xff\xe1"), bytes_of("a text"),
                             encode_ppm(smooth_picture(4, 4)), encode_jpeg(smooth_picture(4, 4), 90)})
    EXPECT_EQ(exif_orientation(other), 1);
}

TEST(ExifTest, SurvivesDamageAnywhere) {
  const Bytes jpeg = jpeg_with({});
  const std::size_t reach = 120;
  for (std::size_t cut = 0; cut < 64; ++cut) EXPECT_EQ(exif_orientation(std::span(jpeg).first(cut)), 1) << "the segment is cut: " << cut;
  int found = 0;
  for (std::uint64_t round = 0; round < 20000; ++round) {
    Bytes damaged(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(reach));
    const RandomBlock r = random_block(1, 1004U, round, 0);
    damaged[r[0] % reach] = static_cast<std::uint8_t>(r[1]);
    damaged[r[2] % reach] = static_cast<std::uint8_t>(r[3]);
    const int orientation = exif_orientation(damaged);
    EXPECT_TRUE(orientation >= 1 && orientation <= 8);
    found += orientation == 6 ? 1 : 0;
  }
  EXPECT_GT(found, 1000);
  EXPECT_LT(found, 20000);
}

// A picture of 2 rows: a b c, d e f.
TEST(ExifTest, TurnsAndMirrors) {
  const auto picture = [](std::int64_t height, std::int64_t width, const std::string& letters) {
    Picture p{height, width, {}};
    for (const char c : letters) p.rgb.insert(p.rgb.end(), 3, static_cast<std::uint8_t>(c));
    return p;
  };
  const Picture stored = picture(2, 3, "abcdef");
  const std::pair<int, Picture> seen[] = {{1, stored},
                                          {2, picture(2, 3, "cbafed")},
                                          {3, picture(2, 3, "fedcba")},
                                          {4, picture(2, 3, "defabc")},
                                          {5, picture(3, 2, "adbecf")},
                                          {6, picture(3, 2, "daebfc")},
                                          {7, picture(3, 2, "fcebda")},
                                          {8, picture(3, 2, "cfbead")},
                                          {0, stored},
                                          {9, stored}};
  for (const auto& [orientation, expected] : seen) {
    const Picture result = apply_exif_orientation(stored, orientation);
    EXPECT_EQ(largest_difference(result, expected), 0) << orientation << ": " << text_of(result.rgb);
  }
}

// The same as Pillow's exif_transpose.
TEST(ExifTest, AgreesWithPillow) {
  if (run_command({"/usr/bin/python3", "-c", "import PIL"}).exit_code != 0) GTEST_SKIP() << "Pillow is not installed";
  TemporaryFolder folder;
  for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
    const Bytes jpeg = jpeg_with({.orientation = orientation, .big_endian = orientation % 2 == 0});
    const std::string file = folder.write("a.jpg", text_of(jpeg));
    const CommandResult pillow = run_command({"/usr/bin/python3", "-c",
                                              "import sys; from PIL import Image, ImageOps\n"
                                              "i = ImageOps.exif_transpose(Image.open(sys.argv[1]))\n"
                                              "sys.stdout.buffer.write(b'P6 %d %d 255\\n' % i.size + i.tobytes())",
                                              file});
    ASSERT_EQ(pillow.exit_code, 0) << pillow.err;
    const Picture ours = apply_exif_orientation(decode_picture(jpeg), exif_orientation(jpeg));
    EXPECT_LE(largest_difference(ours, decode_picture(bytes_of(pillow.out))), 3) << orientation;
  }
}

}  // namespace
}  // namespace alexnet
