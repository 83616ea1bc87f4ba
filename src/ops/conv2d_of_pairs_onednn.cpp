// Convolution in bf16, its gradient to the weights, with an instruction that adds up the products of pairs (AVX512_BF16):
//
//   diff_weights[oc, kh, kw, ic] = sum over n, oh, ow of src[n, oh * SH + kh - top, ow * SW + kw - left, ic] * diff_dst[n, oh, ow, oc]
//
// A pair is the same place of two neighbouring images: so no place is without a partner, whatever the extents, and only an odd batch
// is filled up with zeros. Vectors run over outputs. The sums of 11 to 13 values of src times 32 outputs stay in registers over a band
// of rows of diff_dst and are then added to the thread's sums, so that rounding does not grow with the batch. A thread takes bands of a
// group: it first interleaves the images' rows under a band, between zeros, and the band itself, which then lie in its second-level
// cache. Rows and columns of the padding are not multiplied. Where a pixel has few channels (pictures), a row of a window, KW * IC
// values that lie side by side, is one dimension.
// The other passes are oneDNN's; its own gradient loses a fifth of the time to transposing what it reads.
#include <omp.h>

#include <algorithm>

#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/pairs.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kOutputs = 32;  // two vectors
constexpr std::int64_t kFewChannels = 8;
constexpr std::int64_t kBandBytes = 512 << 10;  // of interleaved rows, in a second-level cache

// Places of a band that a tile adds up, and how they lie in the interleaved rows; in pairs.
struct Places {
  std::int64_t rows, columns;
  std::int64_t src_down, src_across;
  std::int64_t diff_dst_down;  // kOutputs across
};

// sums[k, o] += the sum over the places, for `count` of kValues values and kOutputs outputs.
template <std::int64_t kValues>
ALEXNET_BF16_PAIRS void add_tile(const Pair* src, const Pair* diff_dst, Places p, std::int64_t count, float* sums) {
  // The sums of all tiles fill megabytes: those of this one come near while it works.
  for (std::int64_t k = 0; k < 2 * kValues; ++k) __builtin_prefetch(sums + 16 * k, 1);
  Floats sum[kValues][2] = {};
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const Pair* x = src + row * p.src_down;
    const Pair* dy = diff_dst + row * p.diff_dst_down;
    for (std::int64_t column = 0; column < p.columns; ++column, x += p.src_across, dy += kOutputs) {
      const Pairs low = *reinterpret_cast<const Pairs*>(dy), high = *reinterpret_cast<const Pairs*>(dy + 16);
#pragma GCC unroll 16
      for (std::int64_t k = 0; k < kValues; ++k) {
        const Pairs value = Pairs{} + x[k];
        sum[k][0] = add_products(sum[k][0], value, low);
        sum[k][1] = add_products(sum[k][1], value, high);
      }
    }
  }
#pragma GCC unroll 16
  for (std::int64_t k = 0; k < kValues; ++k) {
    if (k >= count) break;
    for (const int half : {0, 1}) *reinterpret_cast<Floats*>(sums + k * kOutputs + 16 * half) += sum[k][half];
  }
}

using AddTile = void (*)(const Pair*, const Pair*, Places, std::int64_t, float*);
struct Tile {
  std::int64_t values;
  AddTile add;
};
constexpr Tile kTiles[] = {{13, add_tile<13>}, {12, add_tile<12>}, {11, add_tile<11>}};

std::int64_t rounded_up(std::int64_t count, std::int64_t unit) { return (count + unit - 1) / unit * unit; }

// The one that computes the fewest values in vain.
Tile tile_for(std::int64_t values) {
  return *std::ranges::min_element(kTiles, {}, [&](const Tile& tile) { return rounded_up(values, tile.values); });
}

// pairs[i] = (first[i], second[i]); without a second image (first[i], 0).
ALEXNET_BF16_PAIRS void interleave(const BFloat16* first, const BFloat16* second, std::int64_t count, Pair* pairs) {
  if (second == nullptr) {
    for (std::int64_t i = 0; i < count; ++i) pairs[i] = pair_of(first[i], {});
    return;
  }
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) pairs[i] = pair_of(first[i], second[i]);
}

// As tiles take them: a window's row is `columns` times `values` that lie side by side.
struct WindowRow {
  std::int64_t columns, values;
};
WindowRow window_row(const Conv2dShape& s) {
  const std::int64_t IC = s.IC / s.groups;
  return IC <= kFewChannels ? WindowRow{1, s.KW * IC} : WindowRow{s.KW, IC};
}

class Conv2dOfPairs final : public Conv2d {
 public:
  Conv2dOfPairs(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes)
      : s_(shape),
        other_passes_(std::move(other_passes)),
        window_row_(window_row(shape)),
        tile_(tile_for(window_row_.values)),
        num_threads_(omp_get_max_threads()) {
    const std::int64_t row_bytes = static_cast<std::int64_t>(sizeof(Pair)) * (s_.SH * pitch() + s_.OW * OC());
    const std::int64_t num_bands = rounded_up(s_.OH * row_bytes, kBandBytes) / kBandBytes;
    band_rows_ = rounded_up(s_.OH, num_bands) / num_bands;
  }

  std::size_t scratch_bytes() const override {
    const auto words = static_cast<std::size_t>(num_threads_ * (sums_words() + src_words() + diff_dst_words()));
    return std::max(words * sizeof(Pair), other_passes_->scratch_bytes());
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    other_passes_->bind(nullptr, scratch_);
    other_passes_->forward(src, weights, bias, dst);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    other_passes_->bind(nullptr, scratch_);
    other_passes_->backward_data(diff_dst, weights, diff_src);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(s_, src, diff_dst, diff_weights, diff_bias);
    // Which thread takes which band depends on the number of threads alone, and so do the sums' last bits, as with oneDNN.
#pragma omp parallel num_threads(num_threads_)
    {
#pragma omp for schedule(static)
      for (int thread = 0; thread < num_threads_; ++thread) std::fill_n(sums(thread), sums_words(), 0.0F);
#pragma omp for collapse(3) schedule(static)
      for (std::int64_t group = 0; group < s_.groups; ++group) {
        for (std::int64_t n = 0; n < s_.N; n += 2) {
          for (std::int64_t first = 0; first < s_.OH; first += band_rows_) {
            add_band(src, diff_dst, {group, n, first, std::min(band_rows_, s_.OH - first)}, omp_get_thread_num());
          }
        }
      }
    }
    add_up_and_unpack(diff_weights.data<float>(), diff_bias.data<float>());
  }

 private:
  struct Band {
    std::int64_t group, n, first, rows;  // of images n and n + 1, rows of dst
  };

  // Of a group.
  std::int64_t IC() const { return s_.IC / s_.groups; }
  std::int64_t OC() const { return s_.OC / s_.groups; }
  std::int64_t window_values() const { return s_.KH * s_.KW * IC(); }
  std::int64_t pitch() const { return (s_.pad.left + s_.IW + s_.pad.right) * IC(); }  // of an interleaved row of src

  // The last tile of a window's row reads past it: those sums are not stored, but the memory must be there.
  std::int64_t src_words() const { return rounded_up(((band_rows_ - 1) * s_.SH + s_.KH) * pitch() + tile_.values, 16); }
  std::int64_t diff_dst_words() const { return band_rows_ * s_.OW * OC(); }
  std::int64_t sums_words() const { return rounded_up(s_.OC * window_values() + s_.OC, 16); }

  // [each thread's sums: (OC / kOutputs, KH, KW, IC, kOutputs), then of the bias | each thread's rows of src | of diff_dst]
  float* sums(int thread) const { return reinterpret_cast<float*>(scratch_) + thread * sums_words(); }
  float* bias_sums(int thread) const { return sums(thread) + s_.OC * window_values(); }
  Pair* src_pairs(int thread) const { return reinterpret_cast<Pair*>(sums(num_threads_)) + thread * src_words(); }
  Pair* diff_dst_pairs(int thread) const { return src_pairs(num_threads_) + thread * diff_dst_words(); }

  // The rows that the band's windows see, between zeros: (rows, columns, IC).
  void interleave_src(const Tensor& src, const Band& b, Pair* out) const {
    const std::int64_t image = s_.IH * s_.IW * s_.IC, before = s_.pad.left * IC(), inside = s_.IW * IC();
    const bool has_second = b.n + 1 < s_.N;
    for (std::int64_t i = 0; i < (b.rows - 1) * s_.SH + s_.KH; ++i, out += pitch()) {
      const std::int64_t ih = b.first * s_.SH - s_.pad.top + i;
      if (ih < 0 || ih >= s_.IH) {
        std::fill_n(out, pitch(), 0U);
        continue;
      }
      std::fill_n(out, before, 0U);
      const BFloat16* first = src.data<BFloat16>() + b.n * image + ih * s_.IW * s_.IC + b.group * IC();
      if (s_.groups == 1) {
        interleave(first, has_second ? first + image : nullptr, inside, out + before);
      } else {
        for (std::int64_t iw = 0; iw < s_.IW; ++iw, first += s_.IC) {
          interleave(first, has_second ? first + image : nullptr, IC(), out + before + iw * IC());
        }
      }
      std::fill_n(out + before + inside, pitch() - before - inside, 0U);
    }
    std::fill_n(out, tile_.values, 0U);
  }

  // (OC / kOutputs, rows, OW, kOutputs)
  void interleave_diff_dst(const Tensor& diff_dst, const Band& b, Pair* out) const {
    const std::int64_t image = s_.OH * s_.OW * s_.OC, places = b.rows * s_.OW;
    for (std::int64_t place = 0; place < places; ++place) {
      const BFloat16* first = diff_dst.data<BFloat16>() + b.n * image + (b.first * s_.OW + place) * s_.OC + b.group * OC();
      for (std::int64_t oc = 0; oc < OC(); oc += kOutputs) {
        interleave(first + oc, b.n + 1 < s_.N ? first + oc + image : nullptr, kOutputs, out + oc * places + place * kOutputs);
      }
    }
  }

  // The outputs [begin, end) of `count` whose windows see a pixel of the picture at this row or column of the kernel.
  struct Range {
    std::int64_t begin, end;
  };
  static Range inside(std::int64_t first, std::int64_t count, std::int64_t stride, std::int64_t before, std::int64_t k,
                      std::int64_t extent) {
    std::int64_t begin = first, end = first + count;
    while (begin < end && begin * stride - before + k < 0) ++begin;
    while (begin < end && (end - 1) * stride - before + k >= extent) --end;
    return {begin - first, end - first};
  }

  void add_band(const Tensor& src, const Tensor& diff_dst, const Band& b, int thread) const {
    Pair* const x = src_pairs(thread);
    Pair* const dy = diff_dst_pairs(thread);
    interleave_src(src, b, x);
    interleave_diff_dst(diff_dst, b, dy);
    const auto [columns, values] = window_row_;
    for (std::int64_t oc = 0; oc < OC(); oc += kOutputs) {
      const Pair* dy_block = dy + oc * b.rows * s_.OW;
      add_bias(dy_block, b.rows * s_.OW, bias_sums(thread) + b.group * OC() + oc);
      float* sum = sums(thread) + (b.group * OC() + oc) * window_values();
      for (std::int64_t kh = 0; kh < s_.KH; ++kh) {
        const Range rows = inside(b.first, b.rows, s_.SH, s_.pad.top, kh, s_.IH);
        for (std::int64_t kw = 0; kw < columns; ++kw, sum += values * kOutputs) {
          const Range across = columns == 1 ? Range{0, s_.OW} : inside(0, s_.OW, s_.SW, s_.pad.left, kw, s_.IW);
          const Places places{rows.end - rows.begin, across.end - across.begin, s_.SH * pitch(), s_.SW * IC(), s_.OW * kOutputs};
          const Pair* x_block = x + (rows.begin * s_.SH + kh) * pitch() + (across.begin * s_.SW + kw) * IC();
          for (std::int64_t k = 0; k < values; k += tile_.values) {
            tile_.add(x_block + k, dy_block + (rows.begin * s_.OW + across.begin) * kOutputs, places, std::min(tile_.values, values - k),
                      sum + k * kOutputs);
          }
        }
      }
    }
  }

  ALEXNET_BF16_PAIRS static void add_bias(const Pair* diff_dst, std::int64_t places, float* sums) {
    const Pairs ones = Pairs{} + 0x3f803f80U;  // (1, 1)
    Floats low = {}, high = {};
    for (std::int64_t i = 0; i < places; ++i, diff_dst += kOutputs) {
      low = add_products(low, ones, *reinterpret_cast<const Pairs*>(diff_dst));
      high = add_products(high, ones, *reinterpret_cast<const Pairs*>(diff_dst + 16));
    }
    *reinterpret_cast<Floats*>(sums) += low;
    *reinterpret_cast<Floats*>(sums + 16) += high;
  }

  // The threads' sums to (OC, KH, KW, IC).
  void add_up_and_unpack(float* weights, float* bias) const {
    const std::int64_t row_values = s_.KW * IC();
#pragma omp parallel for collapse(2) schedule(static) num_threads(num_threads_)
    for (std::int64_t oc = 0; oc < s_.OC; oc += kOutputs) {
      for (std::int64_t kh = 0; kh < s_.KH; ++kh) {
        for (std::int64_t k = 0; k < row_values; ++k) {
          const std::int64_t in = oc * window_values() + (kh * row_values + k) * kOutputs;
          float sum[kOutputs] = {};
          for (int thread = 0; thread < num_threads_; ++thread) {
            for (std::int64_t o = 0; o < kOutputs; ++o) sum[o] += sums(thread)[in + o];
          }
          for (std::int64_t o = 0; o < kOutputs; ++o) weights[(oc + o) * window_values() + kh * row_values + k] = sum[o];
        }
      }
    }
    std::fill_n(bias, s_.OC, 0.0F);
    for (int thread = 0; thread < num_threads_; ++thread) {
      for (std::int64_t oc = 0; oc < s_.OC; ++oc) bias[oc] += bias_sums(thread)[oc];
    }
  }

  Conv2dShape s_;
  std::unique_ptr<Conv2d> other_passes_;
  WindowRow window_row_;
  Tile tile_;
  int num_threads_;
  std::int64_t band_rows_;
};

}  // namespace

// It pays where each thread has a pair of images and the tiles fit, unless the CPU has AMX, which oneDNN uses.
bool conv2d_of_pairs_pays(const Conv2dShape& s) {
  const std::int64_t values = window_row(s).values;
  return s.src_type == DType::bf16 && s.dst_type == DType::bf16 && onednn::multiplies_pairs() && s.N >= 2 * omp_get_max_threads() - 1 &&
         s.OC / s.groups % kOutputs == 0 && 10 * rounded_up(values, tile_for(values).values) <= 11 * values;
}

std::unique_ptr<Conv2d> make_conv2d_of_pairs_onednn(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes) {
  return std::make_unique<Conv2dOfPairs>(shape, std::move(other_passes));
}

}  // namespace alexnet
