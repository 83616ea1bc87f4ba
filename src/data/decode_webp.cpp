// WebP, lossy and lossless, by libwebp; an alpha channel is dropped, animations are refused.
#include <webp/decode.h>

#include "data/decode_formats.hpp"

namespace alexnet::formats {

bool is_webp(Bytes bytes) { return begins_with(bytes, "RIFF") && begins_with(bytes, "WEBP", 8); }

Picture decode_webp(Bytes bytes) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) fail(ExitCode::bad_data, "truncated WebP");
  if (status != VP8_STATUS_OK) fail(ExitCode::bad_data, "damaged WebP (code {})", static_cast<int>(status));
  if (features.has_animation != 0) fail(ExitCode::bad_data, "an animated WebP (not read: save one picture of it as PNG)");
  check_extents("WebP", features.height, features.width);
  Picture picture{features.height, features.width, {}};
  picture.rgb.resize(static_cast<std::size_t>(picture.height * picture.width) * 3);
  if (WebPDecodeRGBInto(bytes.data(), bytes.size(), picture.rgb.data(), picture.rgb.size(), features.width * 3) == nullptr) {
    fail(ExitCode::bad_data, "damaged or truncated WebP");
  }
  return picture;
}

}  // namespace alexnet::formats
