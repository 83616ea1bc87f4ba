// What the decoders say of files that are no pictures, or none that they read.
#include <gtest/gtest.h>
#include <webp/encode.h>

#include "data/picture_support.hpp"

namespace alexnet {
namespace {

TEST(DecodeRefusalsTest, NamesWhatIsNoPicture) {
  const std::pair<std::string, const char*> files[] = {{"", "an empty file"},
                                                       {"hello, I am a label\n", "a text file"},
                                                       {"GIF89a......", "GIF (not read: convert it to PNG)"},
                                                       {"BM......", "BMP (not read: convert it to PNG)"},
                                                       {std::string("II*\0....", 8), "TIFF (not read: convert it to PNG)"},
                                                       {std::string("MM\0*....", 8), "TIFF"},
                                                       {std::string("\0\0\0\x18"
                                                                    "ftypheic....",
                                                                    16),
                                                        "HEIC (not read: convert it to PNG)"},
                                                       {std::string("\0\0\0\x18"
                                                                    "ftypheix....",
                                                                    16),
                                                        "HEIC"},
                                                       {std::string("\0\0\0\x18"
                                                                    "ftypmif1....",
                                                                    16),
                                                        "HEIF"},
                                                       {std::string("\0\0\0\x1c"
                                                                    "ftypavif....",
                                                                    16),
                                                        "AVIF (not read: convert it to PNG)"},
                                                       {std::string("\0\0\0\x1c"
                                                                    "ftypisom....",
                                                                    16),
                                                        "a video"},
                                                       {"\xff\x0a......", "JPEG XL (not read: convert it to PNG)"},
                                                       {std::string("\0\0\0\x0cJXL \x0d\x0a\x87\x0a", 12), "JPEG XL"},
                                                       {std::string("\0\0\0\x0cjP  \x0d\x0a\x87\x0a", 12), "JPEG 2000"},
                                                       {std::string("\0\0\1\0....", 8), "ICO"},
                                                       {"8BPS....", "Photoshop"},
                                                       {"<!DOCTYPE html><HTML>", "an HTML page"},
                                                       {"version https://git-lfs.github.com/spec/v1\n", "Git LFS"},
                                                       {"P5 1 1 255\n.", "PNM"},
                                                       {"%PDF-1.7", "a PDF document"},
                                                       {"PK\3\4....", "a zip file"},
                                                       {"\x1f\x8b\b.....", "a gzip file"},
                                                       {"\x01\x02\x03\x04", "not a picture"},
                                                       {"\xff\xd8\xff\xd9", "JPEG"},
                                                       {"P6 0 4 255\n", "0 x 4 pixels"},
                                                       {"P6 1 1 65535\n......", "maximum value 65535"},
                                                       {"P6 4", "damaged header"}};
  for (const auto& [content, word] : files) {
    expect_error(ExitCode::bad_data, {word}, [&] { decode_picture(bytes_of(content)); });
  }
}

TEST(DecodeRefusalsTest, NamesWhatIsWrongWithAWebP) {
  const Picture picture = smooth_picture(16, 16);
  std::uint8_t* buffer = nullptr;
  const std::size_t size = WebPEncodeRGB(picture.rgb.data(), 16, 16, 16 * 3, 95, &buffer);
  const Bytes whole(buffer, buffer + size);
  WebPFree(buffer);
  expect_error(ExitCode::bad_data, {"truncated WebP"}, [&] { decode_picture(std::span(whole).first(20)); });
  Bytes damaged = whole;
  damaged[23] ^= 0xff;  // the start code of the only frame
  expect_error(ExitCode::bad_data, {"damaged WebP (code 3)"}, [&] { decode_picture(damaged); });
  Bytes animated = bytes_of(std::string_view("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0", 30));
  expect_error(ExitCode::bad_data, {"an animated WebP (not read"}, [&] { decode_picture(animated); });
}

// Lossless, hierarchical and 12-bit JPEGs: the same bytes with another frame header are enough.
TEST(DecodeRefusalsTest, NamesJpegsOfRareKinds) {
  const Bytes usual = encode_jpeg(smooth_picture(16, 16), 90);
  std::size_t frame = 0;  // FF C0, length, precision
  while (usual[frame] != 0xff || usual[frame + 1] != 0xc0) ++frame;
  for (const int kind : {0xc3, 0xc5, 0xcb}) {
    Bytes jpeg = usual;
    jpeg[frame + 1] = static_cast<std::uint8_t>(kind);
    expect_error(ExitCode::bad_data, {"a JPEG of a rare kind", fmt::format("0x{:02x}", kind), "convert it to PNG"},
                 [&] { decode_picture(jpeg); });
  }
  Bytes jpeg = usual;
  jpeg[frame + 4] = 12;
  expect_error(ExitCode::bad_data, {"a JPEG of a rare kind", "precision 12", "convert it to PNG"}, [&] { decode_picture(jpeg); });
}

// Without the last of its three components, in the frame and in the scan.
TEST(DecodeRefusalsTest, RefusesJpegsOfTwoComponents) {
  Bytes jpeg = encode_jpeg(smooth_picture(16, 16), 90);
  const auto marker = [&](std::uint8_t code) {
    std::ptrdiff_t at = 0;
    while (jpeg[static_cast<std::size_t>(at)] != 0xff || jpeg[static_cast<std::size_t>(at) + 1] != code) ++at;
    return jpeg.begin() + at;
  };
  const auto scan = marker(0xda);  // FF DA, length, count, 2 bytes a component
  scan[3] = 10;
  scan[4] = 2;
  jpeg.erase(scan + 9, scan + 11);
  const auto frame = marker(0xc0);  // FF C0, length, precision, height, width, count, 3 bytes a component
  frame[3] = 14;
  frame[9] = 2;
  jpeg.erase(frame + 16, frame + 19);
  expect_error(ExitCode::bad_data, {"JPEG with 2 components (1, 3 and 4 are read)"}, [&] { decode_picture(jpeg); });
}

}  // namespace
}  // namespace alexnet
