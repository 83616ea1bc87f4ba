// Where the tiles of Winograd's convolution lie in pictures.
#pragma once

#include <array>
#include <cstdint>

namespace alexnet::winograd {

inline std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// NHWC activations, seen from a group: C of its channels, `step` floats from a pixel to the next.
struct Picture {
  std::int64_t H, W, C, step;
};

// Pointers to the pixels of a square tile at (h, w), row by row; `outside` stands for those beyond the picture.
template <int Extent, class Float>
std::array<Float*, Extent * Extent> pixels_at(Float* picture, const Picture& p, std::int64_t h, std::int64_t w, Float* outside) {
  std::array<Float*, Extent * Extent> pixels;
  for (std::int64_t r = 0; r < Extent; ++r) {
    for (std::int64_t c = 0; c < Extent; ++c) {
      const bool is_inside = h + r >= 0 && h + r < p.H && w + c >= 0 && w + c < p.W;
      pixels[static_cast<std::size_t>(r * Extent + c)] = is_inside ? picture + ((h + r) * p.W + w + c) * p.step : outside;
    }
  }
  return pixels;
}

// The tiles of a batch, numbered row by row, picture by picture.
template <class Window>
struct Tiles {
  Tiles(std::int64_t num_pictures, const Picture& dst)
      : rows(divided_up(dst.H, Window::kOutputs)), columns(divided_up(dst.W, Window::kOutputs)), count(num_pictures * rows * columns) {}
  struct Place {
    std::int64_t n, h, w;  // of its first output
  };
  Place operator[](std::int64_t tile) const {
    const std::int64_t in_picture = tile % (rows * columns);
    return {tile / (rows * columns), in_picture / columns * Window::kOutputs, in_picture % columns * Window::kOutputs};
  }
  std::int64_t rows, columns, count;
};

}  // namespace alexnet::winograd
