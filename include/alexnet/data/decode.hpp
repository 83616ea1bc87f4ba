// Encoded picture -> RGB, and back; and the one size that a data set stores. Hostile input: sizes are bounded, damage is an Error(bad_data)
// with a reason in words and no file name (the caller knows the name).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace alexnet {

struct Picture {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> rgb;  // (height, width, 3)
};

// JPEG (grey, YCbCr, RGB, CMYK, YCCK), PNG (any depth, grey, palette), WebP, PPM (P6, maxval 255); told apart by content, not by name.
// An alpha channel is dropped.
Picture decode_picture(std::span<const std::uint8_t> bytes);

// The same for the loader, into the caller's memory, (height, width, 3): JPEG and PPM, which shards hold, go there directly. Throws
// Error(bad_data) when the size differs.
void decode_picture_into(std::span<const std::uint8_t> bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb);

std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality);
std::vector<std::uint8_t> encode_ppm(const Picture& picture);

// Short side to `size` (keeping the aspect ratio), then the centre size x size. A picture that has the size is returned as it is.
Picture resize_and_crop(const Picture& picture, std::int64_t size);

// What resize_and_crop does, for the manifest ("Pillow's bilinear ...").
std::string resampler_description();

}  // namespace alexnet
