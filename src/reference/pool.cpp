#include "alexnet/reference/pool.hpp"

#include <cstddef>

namespace alexnet::reference {
namespace {

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

// Calls f(output index, pixels) for every output; `pixels` are the indices of its window's elements inside the picture, row-major.
template <class F>
void for_each_window(const PoolShape& s, F f) {
  std::vector<std::size_t> pixels;
  std::size_t output = 0;
  for (std::int64_t n = 0; n < s.N; ++n) {
    for (std::int64_t oh = 0; oh < s.OH; ++oh) {
      for (std::int64_t ow = 0; ow < s.OW; ++ow) {
        for (std::int64_t c = 0; c < s.C; ++c) {
          pixels.clear();
          for (std::int64_t kh = 0; kh < s.KH; ++kh) {
            const std::int64_t ih = oh * s.SH - s.pad.top + kh;
            for (std::int64_t kw = 0; kw < s.KW; ++kw) {
              const std::int64_t iw = ow * s.SW - s.pad.left + kw;
              if (ih < 0 || ih >= s.IH || iw < 0 || iw >= s.IW) continue;
              pixels.push_back(size(((n * s.IH + ih) * s.IW + iw) * s.C + c));
            }
          }
          f(output++, pixels);
        }
      }
    }
  }
}

std::size_t winner(const std::vector<double>& src, const std::vector<std::size_t>& pixels) {
  std::size_t best = pixels.at(0);
  for (const std::size_t pixel : pixels) {
    if (src[pixel] > src[best]) best = pixel;
  }
  return best;
}

double divisor(const PoolShape& s, bool count_pad, const std::vector<std::size_t>& pixels) {
  return count_pad ? static_cast<double>(s.KH * s.KW) : static_cast<double>(pixels.size());
}

}  // namespace

std::vector<double> max_pool_forward(const PoolShape& s, const std::vector<double>& src) {
  std::vector<double> dst(size(s.N * s.OH * s.OW * s.C));
  for_each_window(s, [&](std::size_t output, const auto& pixels) { dst[output] = src[winner(src, pixels)]; });
  return dst;
}

std::vector<double> max_pool_backward_data(const PoolShape& s, const std::vector<double>& src, const std::vector<double>& diff_dst) {
  std::vector<double> diff_src(src.size(), 0.0);
  for_each_window(s, [&](std::size_t output, const auto& pixels) { diff_src[winner(src, pixels)] += diff_dst[output]; });
  return diff_src;
}

std::vector<double> average_pool_forward(const PoolShape& s, bool count_pad, const std::vector<double>& src) {
  std::vector<double> dst(size(s.N * s.OH * s.OW * s.C));
  for_each_window(s, [&](std::size_t output, const auto& pixels) {
    double sum = 0;
    for (const std::size_t pixel : pixels) sum += src[pixel];
    dst[output] = sum / divisor(s, count_pad, pixels);
  });
  return dst;
}

std::vector<double> average_pool_backward_data(const PoolShape& s, bool count_pad, const std::vector<double>& diff_dst) {
  std::vector<double> diff_src(size(s.N * s.IH * s.IW * s.C), 0.0);
  for_each_window(s, [&](std::size_t output, const auto& pixels) {
    for (const std::size_t pixel : pixels) diff_src[pixel] += diff_dst[output] / divisor(s, count_pad, pixels);
  });
  return diff_src;
}

}  // namespace alexnet::reference
