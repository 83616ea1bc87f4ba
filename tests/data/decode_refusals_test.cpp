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
                                                       {"BM......", "BMP"},
                                                       {std::string("II*\0....", 8), "TIFF"},
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
