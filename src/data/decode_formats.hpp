// One decoder a file format, behind decode_picture. Every function takes hostile bytes, checks the extents before it allocates, and
// throws Error(bad_data) with a reason and no file name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "alexnet/core/error.hpp"
#include "alexnet/data/decode.hpp"

namespace alexnet::formats {

using Bytes = std::span<const std::uint8_t>;

inline constexpr std::int64_t kMaxSide = 65500;                    // libjpeg's own limit
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;  // 805 MB of RGB

// Throws when a picture of this size is refused.
inline void check_extents(std::string_view format, std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1) fail(ExitCode::bad_data, "{} with {} x {} pixels", format, width, height);
  if (height > kMaxSide || width > kMaxSide || height * width > kMaxPixels) {
    fail(ExitCode::bad_data, "{} with {} x {} pixels: more than {} pixels a side or {} in all", format, width, height, kMaxSide,
         kMaxPixels);
  }
}

// Throws unless a picture is of the size that a data set promises.
inline void check_promised(std::int64_t height, std::int64_t width, std::int64_t promised_height, std::int64_t promised_width) {
  if (height == promised_height && width == promised_width) return;
  fail(ExitCode::bad_data, "a picture of {} x {} pixels where {} x {} are needed", width, height, promised_width, promised_height);
}

inline bool begins_with(Bytes bytes, std::string_view magic, std::size_t at = 0) {
  if (bytes.size() < at + magic.size()) return false;
  for (std::size_t i = 0; i < magic.size(); ++i) {
    if (bytes[at + i] != static_cast<std::uint8_t>(magic[i])) return false;
  }
  return true;
}

bool is_jpeg(Bytes bytes);
Picture decode_jpeg(Bytes bytes);
void decode_jpeg_into(Bytes bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb);
// A sequential Huffman JPEG, grey or with three components: what every other reader of the shards accepts.
bool is_baseline_jpeg(Bytes bytes);

bool is_png(Bytes bytes);
Picture decode_png(Bytes bytes);

bool is_webp(Bytes bytes);
Picture decode_webp(Bytes bytes);

bool is_ppm(Bytes bytes);
Picture decode_ppm(Bytes bytes);
void decode_ppm_into(Bytes bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb);
// What we write in front of the pixels.
std::string ppm_header(std::int64_t height, std::int64_t width);

// What bytes that no decoder takes seem to be: "an empty file", "a text file", "GIF (not read: convert it to PNG)" ... else `otherwise`.
std::string describe_unknown(Bytes bytes, std::string_view otherwise);

}  // namespace alexnet::formats
