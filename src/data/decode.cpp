// Which decoder a file gets, by its first bytes; and a name for what cannot be read.
#include <algorithm>
#include <cstring>

#include "data/decode_formats.hpp"

namespace alexnet {
namespace formats {
namespace {

bool is_text(Bytes bytes) {
  const Bytes head = bytes.first(std::min<std::size_t>(bytes.size(), 512));
  return std::ranges::all_of(head, [](std::uint8_t c) { return c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n' || c == '\r' || c == '\f'; });
}

bool is_html(Bytes bytes) {
  std::string head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 256)));
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return head.find("<html") != std::string::npos || head.find("<!doctype html") != std::string::npos;
}

}  // namespace

std::string describe_unknown(Bytes bytes, std::string_view otherwise) {
  struct Kind {
    std::string_view magic, what;
    std::size_t at = 0;
  };
  static const Kind kinds[] = {
      {"GIF8", "GIF"},         {"BM", "BMP"},          {{"II*\0", 4}, "TIFF"},   {{"MM\0*", 4}, "TIFF"},   {"ftypavif", "AVIF", 4},
      {"ftypavis", "AVIF", 4}, {"ftyphe", "HEIC", 4},  {"ftypmif1", "HEIF", 4},  {"ftypmsf1", "HEIF", 4},  {"ftypjxl", "JPEG XL", 4},
      {"\xff\x0a", "JPEG XL"}, {"JXL ", "JPEG XL", 4}, {"jP  ", "JPEG 2000", 4}, {{"\0\0\1\0", 4}, "ICO"}, {"8BPS", "Photoshop"}};
  if (bytes.empty()) return "an empty file";
  for (const Kind& kind : kinds) {
    if (begins_with(bytes, kind.magic, kind.at)) return fmt::format("{} (not read: convert it to PNG)", kind.what);
  }
  if (begins_with(bytes, "ftyp", 4)) return "a video";
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7')
    return "PNM of another kind than P6 (not read: convert it to PNG)";
  if (begins_with(bytes, "%PDF")) return "a PDF document";
  if (begins_with(bytes, "PK\3\4")) return "a zip file";
  if (begins_with(bytes, "\x1f\x8b")) return "a gzip file";
  if (begins_with(bytes, "version https://git-lfs")) return "a Git LFS pointer, not the picture itself (run: git lfs pull)";
  if (is_html(bytes)) return "an HTML page (a failed download?)";
  if (is_text(bytes)) return "a text file";
  return std::string(otherwise);
}

}  // namespace formats

Picture decode_picture(std::span<const std::uint8_t> bytes) {
  if (formats::is_jpeg(bytes)) return formats::decode_jpeg(bytes);
  if (formats::is_png(bytes)) return formats::decode_png(bytes);
  if (formats::is_webp(bytes)) return formats::decode_webp(bytes);
  if (formats::is_ppm(bytes)) return formats::decode_ppm(bytes);
  throw Error(ExitCode::bad_data, formats::describe_unknown(bytes, "not a picture (JPEG, PNG, WebP and PPM are read)"));
}

void decode_picture_into(std::span<const std::uint8_t> bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb) {
  if (formats::is_jpeg(bytes)) return formats::decode_jpeg_into(bytes, height, width, rgb);
  if (formats::is_ppm(bytes)) return formats::decode_ppm_into(bytes, height, width, rgb);
  const Picture picture = decode_picture(bytes);
  formats::check_promised(picture.height, picture.width, height, width);
  std::memcpy(rgb, picture.rgb.data(), picture.rgb.size());
}

}  // namespace alexnet
