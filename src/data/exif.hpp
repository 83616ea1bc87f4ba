// EXIF orientation: how a camera was held, as a number from 1 (upright) to 8. Published results ignore it, and so does decode_picture;
// whoever wants the picture as a viewer shows it applies it afterwards.
#pragma once

#include <cstdint>
#include <span>

#include "alexnet/data/decode.hpp"

namespace alexnet {

// Of an encoded JPEG. 1 for every other file, and where there is no EXIF or a broken one. Hostile bytes are welcome.
int exif_orientation(std::span<const std::uint8_t> bytes);

// As the camera saw it: 2 mirrored left to right, 3 turned by half, 4 mirrored top to bottom, 5 mirrored at the main diagonal, 6 turned
// clockwise, 7 mirrored at the other diagonal, 8 turned anticlockwise; anything else: as it is.
Picture apply_exif_orientation(Picture picture, int orientation);

}  // namespace alexnet
