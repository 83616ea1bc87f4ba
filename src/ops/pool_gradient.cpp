#include "ops/pool_gradient.hpp"

#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "ops/storage.hpp"

namespace alexnet {
namespace {

std::int64_t row_floats(const PoolShape& s) { return (s.IW * s.C + 15) / 16 * 16; }  // each thread's on cache lines of its own

// Adds one window's share to the pixel that is element `index` of the window.
template <class Index>
ALEXNET_SIMD void add_won(const BFloat16* diff_dst, const Index* winners, Index index, std::int64_t channels, float* pixel) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) {
    const float gradient = to_float(diff_dst[c]);
    pixel[c] += winners[c] == index ? gradient : 0.0F;
  }
}

ALEXNET_SIMD void add_share(const BFloat16* diff_dst, float share, std::int64_t channels, float* pixel) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) pixel[c] += to_float(diff_dst[c]) * share;
}

// Every pixel of every row of diff_src, with each window that covers it, in the order of the windows:
// add(oh, ow, element of the window, place of the window in diff_dst, pixel).
template <class Add>
void add_up_rows(const PoolShape& s, BFloat16* diff_src, int num_threads, std::byte* scratch, Add add) {
#pragma omp parallel num_threads(num_threads)
  {
    float* row = reinterpret_cast<float*>(scratch) + omp_get_thread_num() * row_floats(s);
#pragma omp for collapse(2) schedule(static)
    for (std::int64_t n = 0; n < s.N; ++n) {
      for (std::int64_t ih = 0; ih < s.IH; ++ih) {
        std::fill_n(row, s.IW * s.C, 0.0F);
        const std::int64_t padded = ih + s.pad.top;
        const std::int64_t first = padded < s.KH ? 0 : (padded - s.KH) / s.SH + 1, last = std::min(padded / s.SH, s.OH - 1);
        for (std::int64_t oh = first; oh <= last; ++oh) {
          for (std::int64_t ow = 0; ow < s.OW; ++ow) {
            const std::int64_t left = ow * s.SW - s.pad.left, at = ((n * s.OH + oh) * s.OW + ow) * s.C;
            for (std::int64_t kw = std::max<std::int64_t>(0, -left); kw < std::min(s.KW, s.IW - left); ++kw) {
              add(oh, ow, (padded - oh * s.SH) * s.KW + kw, at, row + (left + kw) * s.C);
            }
          }
        }
        narrow(row, s.IW * s.C, diff_src + (n * s.IH + ih) * s.IW * s.C);
      }
    }
  }
}

template <class Index>
void add_up_won(const PoolShape& s, const Index* winners, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                std::byte* scratch) {
  add_up_rows(s, diff_src, num_threads, scratch, [&](std::int64_t, std::int64_t, std::int64_t element, std::int64_t at, float* pixel) {
    add_won(diff_dst + at, winners + at, static_cast<Index>(element), s.C, pixel);
  });
}

// Of the window's pixels along one axis those inside the picture.
std::int64_t inside(std::int64_t out, std::int64_t stride, std::int64_t before, std::int64_t kernel_size, std::int64_t extent) {
  const std::int64_t start = out * stride - before;
  return std::min(start + kernel_size, extent) - std::max<std::int64_t>(start, 0);
}

}  // namespace

std::size_t pool_gradient_scratch_bytes(const PoolShape& shape, int num_threads) {
  return static_cast<std::size_t>(num_threads * row_floats(shape)) * sizeof(float);
}

void max_pool_gradient(const PoolShape& shape, const std::uint8_t* winners, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                       std::byte* scratch) {
  add_up_won(shape, winners, diff_dst, diff_src, num_threads, scratch);
}

void max_pool_gradient(const PoolShape& shape, const std::int32_t* winners, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                       std::byte* scratch) {
  add_up_won(shape, winners, diff_dst, diff_src, num_threads, scratch);
}

void average_pool_gradient(const PoolShape& s, bool count_pad, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                           std::byte* scratch) {
  add_up_rows(s, diff_src, num_threads, scratch, [&](std::int64_t oh, std::int64_t ow, std::int64_t, std::int64_t at, float* pixel) {
    const std::int64_t count = count_pad ? s.KH * s.KW : inside(oh, s.SH, s.pad.top, s.KH, s.IH) * inside(ow, s.SW, s.pad.left, s.KW, s.IW);
    add_share(diff_dst + at, 1.0F / static_cast<float>(count), s.C, pixel);
  });
}

}  // namespace alexnet
