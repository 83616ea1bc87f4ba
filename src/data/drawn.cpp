// One picture of the `drawn:` data set: a ground, some clutter, the shape, a little clutter over it, light and noise.
//
// What a class must not show: colours, textures, sizes, places and directions are drawn without regard to the class, and either of
// shape and ground may be the lighter one, so that neither a linear function of the pixels nor a histogram tells the classes apart.
//
// Coordinates are 1/256 pixel. A layer covers a pixel by 16ths, counted on a 4x4 grid. Everything is integer arithmetic (and one
// correctly rounded square root), so that the same bytes come out on every machine.
#include "data/drawn.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "alexnet/core/rng.hpp"

namespace alexnet {
namespace {

using Int = std::int64_t;
using Color = std::array<int, 3>;

constexpr Int kOne = 256;    // a pixel
constexpr Int kUnit = 1024;  // a shape's radius, in the shape's own coordinates

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t index) : seed_(seed), index_(index) {}
  std::uint32_t word() {
    if (used_ == 4) {
      block_ = random_block(seed_, RandomStream::drawn_picture, index_, next_++);
      used_ = 0;
    }
    return block_[used_++];
  }
  Int between(Int low, Int high) {  // both included
    return low + static_cast<Int>(static_cast<std::uint64_t>(word()) * static_cast<std::uint64_t>(high - low + 1) >> 32);
  }

 private:
  std::uint64_t seed_, index_;
  std::uint32_t next_ = 0;
  RandomBlock block_{};
  std::size_t used_ = 4;
};

// A unit vector in 1/65536, every angle equally likely.
struct Direction {
  Int c = 65536, s = 0;
  explicit Direction(Draws& draws) {
    Int x = 0, y = 0, square = 0;
    do {
      x = draws.between(-32768, 32767);
      y = draws.between(-32768, 32767);
      square = x * x + y * y;
    } while (square < (1 << 20) || square > (1 << 30));
    const Int length = static_cast<Int>(std::sqrt(static_cast<double>(square)));
    c = x * 65536 / length;
    s = y * 65536 / length;
  }
  Int along(Int x, Int y) const { return (x * c + y * s) / 65536; }
  Int across(Int x, Int y) const { return (y * c - x * s) / 65536; }
};

bool inside_polygon(Int u, Int v, const std::array<std::array<Int, 2>, 10>& corners) {
  bool inside = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const auto [ui, vi] = corners[i];
    const auto [uj, vj] = corners[j];
    if ((vi > v) == (vj > v)) continue;
    const Int left = (u - ui) * (vj - vi), right = (uj - ui) * (v - vi);  // u < crossing, times vj - vi
    if (vj > vi ? left < right : left > right) inside = !inside;
  }
  return inside;
}

// Five points; radii 1024 and 430.
constexpr std::array<std::array<Int, 2>, 10> kStar = {
    {{0, -1024}, {253, -348}, {974, -316}, {409, 133}, {602, 828}, {0, 430}, {-602, 828}, {-409, 133}, {-974, -316}, {-253, -348}}};

bool within(Int u, Int v, Int radius) { return u * u + v * v <= radius * radius; }
bool box(Int u, Int v, Int half_width, Int half_height) { return std::abs(u) <= half_width && std::abs(v) <= half_height; }

struct Shape {
  const char* name;
  bool (*covers)(Int u, Int v);  // in kUnit; nothing outside of the circle of radius kUnit
};

constexpr std::array<Shape, 12> kShapes = {{
    {"disc", [](Int u, Int v) { return within(u, v, 860); }},
    {"square", [](Int u, Int v) { return box(u, v, 716, 716); }},
    {"triangle", [](Int u, Int v) { return v <= 512 && std::abs(u) * 1774 <= (v + 1024) * 1024; }},
    {"cross", [](Int u, Int v) { return box(u, v, 250, 990) || box(u, v, 990, 250); }},
    {"ring", [](Int u, Int v) { return within(u, v, 960) && !within(u, v, 560); }},
    {"star", [](Int u, Int v) { return inside_polygon(u, v, kStar); }},
    {"crescent", [](Int u, Int v) { return within(u, v, 1000) && !within(u - 480, v, 760); }},
    {"frame", [](Int u, Int v) { return box(u, v, 720, 720) && !box(u, v, 400, 400); }},
    {"bar", [](Int u, Int v) { return box(u, v, 990, 250); }},
    {"bars", [](Int u, Int v) { return box(u, std::abs(v) - 500, 800, 210); }},
    {"dumbbell", [](Int u, Int v) { return within(std::abs(u) - 600, v, 400) || box(u, v, 600, 120); }},
    {"tee", [](Int u, Int v) { return box(u, v + 620, 760, 220) || box(u, v - 150, 220, 800); }},
}};

int clamp_byte(Int value) { return static_cast<int>(std::clamp<Int>(value, 0, 255)); }

Color any_color(Draws& draws) {
  Color color;
  for (int& channel : color) channel = static_cast<int>(draws.between(0, 255));
  return color;
}

Int distance(const Color& a, const Color& b) { return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]); }

// A colour that the eye tells from `other`.
Color contrasting_color(Draws& draws, const Color& other) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    const Color color = any_color(draws);
    if (distance(color, other) >= 200) return color;
  }
  Color opposite;
  for (std::size_t i = 0; i < 3; ++i) opposite[i] = other[i] < 128 ? 255 : 0;
  return opposite;
}

// A surface between two near colours: even, graded, striped, chequered or blotched.
class Texture {
 public:
  Texture(Draws& draws, const Color& base, Int size)
      : kind_(draws.between(0, 4)),
        first_(base),
        second_(base),
        direction_(draws),
        period_(draws.between(2 * kOne, size * kOne / 8)),
        size_(size) {
    for (int& channel : second_) channel = clamp_byte(channel + draws.between(-44, 44));
    phase_ = draws.between(0, 2 * period_);
    if (kind_ == 4) {
      for (auto& value : lattice_) value = static_cast<std::uint8_t>(draws.between(0, 255));
    }
  }
  Color at(Int x, Int y) const {
    const Int share = share_of_second(x, y);
    Color color;
    for (std::size_t i = 0; i < 3; ++i) color[i] = static_cast<int>((first_[i] * (256 - share) + second_[i] * share) / 256);
    return color;
  }

 private:
  Int share_of_second(Int x, Int y) const {  // 0 to 256
    const Int along = direction_.along(x, y) + phase_ + 8 * size_ * kOne, across = direction_.across(x, y) + phase_ + 8 * size_ * kOne;
    switch (kind_) {
      case 1:
        return std::clamp<Int>(128 + direction_.along(x - size_ * kOne / 2, y - size_ * kOne / 2) / size_, 0, 256);
      case 2:
        return along / period_ % 2 * 256;
      case 3:
        return (along / period_ + across / period_) % 2 * 256;
      case 4:
        return blotch(x, y);
      default:
        return 0;
    }
  }
  // Bilinear between the values of an 8x8 lattice that is repeated.
  Int blotch(Int x, Int y) const {
    const Int cell = size_ * kOne / 8, column = x / cell % 8, row = y / cell % 8, right = x % cell, down = y % cell;
    const auto value = [&](Int r, Int c) { return static_cast<Int>(lattice_[static_cast<std::size_t>(r % 8 * 8 + c % 8)]); };
    const Int top = value(row, column) * (cell - right) + value(row, column + 1) * right;
    const Int bottom = value(row + 1, column) * (cell - right) + value(row + 1, column + 1) * right;
    return (top * (cell - down) + bottom * down) / (cell * cell);
  }

  Int kind_;
  Color first_, second_;
  Direction direction_;
  Int period_, phase_ = 0, size_;
  std::array<std::uint8_t, 64> lattice_{};
};

class Canvas {
 public:
  explicit Canvas(Int size) : size_(size), pixels_(static_cast<std::size_t>(size * size)) {}

  // Blends color(x, y) in where covers(x, y) holds, inside the square of `reach` around the centre.
  template <class Covers, class ColorAt>
  void blend(Int center_x, Int center_y, Int reach, Covers covers, ColorAt color_at) {
    const auto first = [&](Int center) { return std::clamp<Int>((center - reach) / kOne - 1, 0, size_); };
    const auto last = [&](Int center) { return std::clamp<Int>((center + reach) / kOne + 2, 0, size_); };
    for (Int y = first(center_y); y < last(center_y); ++y) {
      for (Int x = first(center_x); x < last(center_x); ++x) {
        int sixteenths = 0;
        for (Int i = 0; i < 16; ++i) sixteenths += covers(x * kOne + 32 + i % 4 * 64, y * kOne + 32 + i / 4 * 64) ? 1 : 0;
        if (sixteenths == 0) continue;
        Color& pixel = pixels_[static_cast<std::size_t>(y * size_ + x)];
        const Color color = color_at(x * kOne + kOne / 2, y * kOne + kOne / 2);
        for (std::size_t c = 0; c < 3; ++c) pixel[c] = (pixel[c] * (16 - sixteenths) + color[c] * sixteenths) / 16;
      }
    }
  }

  void fill(const Texture& texture) {
    for (Int y = 0; y < size_; ++y) {
      for (Int x = 0; x < size_; ++x)
        pixels_[static_cast<std::size_t>(y * size_ + x)] = texture.at(x * kOne + kOne / 2, y * kOne + kOne / 2);
    }
  }

  // A spot or a line, much smaller or thinner than any shape.
  void clutter(Draws& draws) {
    const Color color = any_color(draws);
    const Int extent = size_ * kOne, x0 = draws.between(0, extent), y0 = draws.between(0, extent);
    const Direction direction(draws);
    const bool line = draws.between(0, 1) == 1;
    const Int half_length = line ? draws.between(extent / 16, extent / 5) : draws.between(extent / 64, extent / 24);
    const Int half_width = line ? draws.between(extent / 160, extent / 90) : half_length;
    const auto covers = [&](Int x, Int y) {
      const Int u = direction.along(x - x0, y - y0), v = direction.across(x - x0, y - y0);
      return line ? box(u, v, half_length, half_width) : within(u, v, half_length);
    };
    blend(x0, y0, half_length, covers, [&](Int, Int) { return color; });
  }

  // Light and noise, then bytes.
  std::vector<std::uint8_t> develop(Draws& draws) const {
    const Int gain = draws.between(200, 290), offset = draws.between(-24, 24), noise = draws.between(0, 14);
    std::vector<std::uint8_t> rgb;
    rgb.reserve(pixels_.size() * 3);
    for (const Color& pixel : pixels_) {
      const std::uint32_t bits = draws.word();
      for (std::size_t c = 0; c < 3; ++c) {
        const Int ten_bits = bits >> (10 * c) & 1023;
        const Int grain = (ten_bits * (2 * noise + 1) >> 10) - noise;
        rgb.push_back(static_cast<std::uint8_t>(clamp_byte((pixel[c] - 128) * gain / 256 + 128 + offset + grain)));
      }
    }
    return rgb;
  }

 private:
  Int size_;
  std::vector<Color> pixels_;
};

}  // namespace

const std::vector<std::string>& drawn_shapes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    list.reserve(kShapes.size());
    for (const Shape& shape : kShapes) list.emplace_back(shape.name);
    return list;
  }();
  return names;
}

Picture draw_picture(std::uint64_t seed, std::uint64_t index, int shape, std::int64_t size) {
  Draws draws(seed, index);
  const Int extent = size * kOne;
  const Color ground_color = any_color(draws), shape_color = contrasting_color(draws, ground_color);
  const Texture ground(draws, ground_color, size), surface(draws, shape_color, size);
  Canvas canvas(size);
  canvas.fill(ground);
  for (Int left = draws.between(0, 6); left > 0; --left) canvas.clutter(draws);

  const Int radius = draws.between(extent * 22 / 100, extent * 38 / 100), margin = radius + extent * 4 / 100;
  const Int center_x = draws.between(margin, extent - margin), center_y = draws.between(margin, extent - margin);
  const Direction direction(draws);
  const auto& covers = kShapes.at(static_cast<std::size_t>(shape)).covers;
  canvas.blend(
      center_x, center_y, radius,
      [&](Int x, Int y) {
        const Int dx = (x - center_x) * kUnit / radius, dy = (y - center_y) * kUnit / radius;
        return covers(direction.along(dx, dy), direction.across(dx, dy));
      },
      [&](Int x, Int y) { return surface.at(x, y); });

  for (Int left = draws.between(0, 2); left > 0; --left) canvas.clutter(draws);
  return {size, size, canvas.develop(draws)};
}

}  // namespace alexnet
