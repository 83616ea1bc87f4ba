#include "alexnet/reference/input.hpp"

#include <cstddef>

namespace alexnet::reference {

std::vector<double> input_forward(const InputShape& s, const std::vector<std::uint8_t>& pixels,
                                  const std::vector<SampleTransform>& transforms, const std::vector<double>& mean) {
  const bool mean_by_color = mean.size() == 3;
  std::vector<double> dst;
  dst.reserve(static_cast<std::size_t>(s.N * s.OH * s.OW * 3));
  for (std::int64_t n = 0; n < s.N; ++n) {
    const SampleTransform& t = transforms[static_cast<std::size_t>(n)];
    for (std::int64_t h = 0; h < s.OH; ++h) {
      for (std::int64_t w = 0; w < s.OW; ++w) {
        for (std::int64_t c = 0; c < 3; ++c) {
          const std::int64_t y = t.top + h;
          const std::int64_t x = t.left + (t.flip != 0 ? s.OW - 1 - w : w);
          const double pixel = pixels[static_cast<std::size_t>(((n * s.IH + y) * s.IW + x) * 3 + c)];
          const double subtracted = mean[static_cast<std::size_t>(mean_by_color ? c : (y * s.IW + x) * 3 + c)];
          const auto noise = static_cast<double>(t.noise[static_cast<std::size_t>(c)]);
          dst.push_back((pixel - subtracted + noise) * static_cast<double>(s.scale));
        }
      }
    }
  }
  return dst;
}

}  // namespace alexnet::reference
