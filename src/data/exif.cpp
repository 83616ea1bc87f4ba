// Reads one number: the tag 0x0112 in the first directory of the TIFF structure that a JPEG's APP1 segment holds behind "Exif\0\0".
#include "data/exif.hpp"

#include <cstring>
#include <optional>

#include "data/decode_formats.hpp"

namespace alexnet {
namespace {

using formats::Bytes;

constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3;

// Whole numbers in the byte order that the file names; nothing where the file ends.
class Reader {
 public:
  Reader(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<std::uint32_t> number(std::size_t at, std::size_t width) const {
    if (at > bytes_.size() || width > bytes_.size() - at) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes_[at + (big_endian_ ? i : width - 1 - i)];
    return value;
  }

 private:
  Bytes bytes_;
  bool big_endian_;
};

int orientation_of_tiff(Bytes tiff) {
  const bool big_endian = formats::begins_with(tiff, "MM");
  if (!big_endian && !formats::begins_with(tiff, "II")) return 1;
  const Reader reader(tiff, big_endian);
  const auto directory = reader.number(4, 4);
  if (reader.number(2, 2) != 42U || !directory) return 1;
  const auto count = reader.number(*directory, 2);
  for (std::size_t i = 0; count && i < *count; ++i) {
    const std::size_t entry = *directory + 2 + 12 * i;
    if (!reader.number(entry + 8, 4)) return 1;  // the directory runs past the end
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const auto value = reader.number(entry + 8, 2);
    const bool is_one_short = reader.number(entry + 2, 2) == kShort && reader.number(entry + 4, 4) == 1U;
    return is_one_short && value >= 1U && value <= 8U ? static_cast<int>(*value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(Bytes bytes) {
  if (!formats::is_jpeg(bytes)) return 1;
  const Reader reader(bytes, true);
  for (std::size_t at = 2;;) {
    const auto marker = reader.number(at, 2), length = reader.number(at + 2, 2);
    // The picture itself begins with SOS; what follows is no list of segments.
    if (!marker || *marker < 0xffc0 || *marker == 0xffda || !length || *length < 2 || *length > bytes.size() - at - 2) return 1;
    const Bytes content = bytes.subspan(at + 4, *length - 2);
    if (*marker == 0xffe1 && formats::begins_with(content, {"Exif\0\0", 6})) return orientation_of_tiff(content.subspan(6));
    at += 2 + *length;
  }
}

Picture apply_exif_orientation(Picture picture, int orientation) {
  if (orientation < 2 || orientation > 8) return picture;
  const bool turned = orientation >= 5;
  const std::int64_t H = picture.height, W = picture.width;
  Picture seen{turned ? W : H, turned ? H : W, std::vector<std::uint8_t>(picture.rgb.size())};
  std::uint8_t* to = seen.rgb.data();
  for (std::int64_t y = 0; y < seen.height; ++y) {
    for (std::int64_t x = 0; x < seen.width; ++x, to += 3) {
      std::int64_t from_y = turned ? x : y, from_x = turned ? y : x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = H - 1 - from_y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = W - 1 - from_x;
      std::memcpy(to, picture.rgb.data() + (from_y * W + from_x) * 3, 3);
    }
  }
  return seen;
}

}  // namespace alexnet
