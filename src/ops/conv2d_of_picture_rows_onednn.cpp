// Convolution in bf16 whose source has the few channels of a picture, forward: conv1. A row of a window, KW * IC values that lie side by
// side, is one dimension, and two neighbours in it are a pair, whose products one instruction adds up (AVX512_BF16):
//
//   dst[n, oh, ow, oc] = bias[oc] + sum over kh, k of padded[oh * SH + kh, ow * SW * IC + k] * weights[oc, kh, k]
//
// oneDNN makes vectors of the channels, of which a picture has too few. Here vectors run over outputs: the sums of 11 to 13 neighbouring
// places times 32 outputs stay in registers over a whole window. The weights are rounded and packed in every call, as (OC / 32, KH,
// pairs, 32 outputs); those of 32 outputs (24 KB for conv1) stay in the first-level cache while they meet a band of 8 rows of dst. A
// thread takes bands, and copies the rows under a band between zeros first.
#include <omp.h>

#include <algorithm>

#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/pairs.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kOutputs = 32;  // two vectors
constexpr std::int64_t kBandRows = 8;

struct Window {
  std::int64_t rows, values;  // KH, KW * IC
  std::int64_t pitch;         // from one of its rows to the next, in values
  std::int64_t across;        // to the next window: SW * IC
};

// sum[p] += the products of a pair of values, or of a value `alone`: what lies behind it belongs to no window and may be infinite.
template <std::int64_t kPlaces, bool alone>
[[gnu::always_inline]] ALEXNET_BF16_PAIRS inline void add_pair(const BFloat16* src, std::int64_t across, const Pair* weights,
                                                               Floats (&sum)[kPlaces][2]) {
  using UnalignedPair [[gnu::aligned(2), gnu::may_alias]] = Pair;
  const Pairs low = *reinterpret_cast<const Pairs*>(weights), high = *reinterpret_cast<const Pairs*>(weights + 16);
  // Four places to a pointer: one for each would not fit the registers.
  const BFloat16* const fours[] = {src, src + 4 * across, src + 8 * across, src + 12 * across};
#pragma GCC unroll 16
  for (std::int64_t p = 0; p < kPlaces; ++p) {
    const BFloat16* x = fours[p / 4] + p % 4 * across;
    const Pairs value = Pairs{} + (alone ? pair_of(*x, {}) : Pair{*reinterpret_cast<const UnalignedPair*>(x)});
    sum[p][0] = add_products(sum[p][0], value, low);
    sum[p][1] = add_products(sum[p][1], value, high);
  }
}

// `count` of kPlaces places from dst on, OC values apart.
template <std::int64_t kPlaces>
ALEXNET_BF16_PAIRS void multiply_tile(const BFloat16* src, const Pair* weights, const float* bias, Window w, Epilogue epilogue,
                                      std::int64_t count, std::int64_t OC, BFloat16* dst) {
  Floats sum[kPlaces][2];
#pragma GCC unroll 16
  for (std::int64_t p = 0; p < kPlaces; ++p) {
    for (const int half : {0, 1}) sum[p][half] = *reinterpret_cast<const Floats*>(bias + 16 * half);
  }
  for (std::int64_t kh = 0; kh < w.rows; ++kh, src += w.pitch) {
    std::int64_t k = 0;
    for (; k + 1 < w.values; k += 2, weights += kOutputs) add_pair<kPlaces, false>(src + k, w.across, weights, sum);
    if (k < w.values) {
      add_pair<kPlaces, true>(src + k, w.across, weights, sum);
      weights += kOutputs;
    }
  }
#pragma GCC unroll 16
  for (std::int64_t p = 0; p < kPlaces; ++p) {
    if (p >= count) break;
    if (epilogue == Epilogue::relu) {
      store_bf16(relu(sum[p][0]), relu(sum[p][1]), dst + p * OC);
    } else {
      store_bf16(sum[p][0], sum[p][1], dst + p * OC);
    }
  }
}

using MultiplyTile = void (*)(const BFloat16*, const Pair*, const float*, Window, Epilogue, std::int64_t, std::int64_t, BFloat16*);
struct Tile {
  std::int64_t places;
  MultiplyTile multiply;
};
constexpr Tile kTiles[] = {{13, multiply_tile<13>}, {12, multiply_tile<12>}, {11, multiply_tile<11>}};

std::int64_t rounded_up(std::int64_t count, std::int64_t unit) { return (count + unit - 1) / unit * unit; }

// The one that computes the fewest places in vain.
Tile tile_for(std::int64_t places) {
  return *std::ranges::min_element(kTiles, {}, [&](const Tile& tile) { return rounded_up(places, tile.places); });
}

class Conv2dOfPictureRows final : public Conv2d {
 public:
  Conv2dOfPictureRows(const Conv2dShape& shape, Epilogue epilogue, std::unique_ptr<Conv2d> other_passes)
      : s_(shape),
        epilogue_(epilogue),
        other_passes_(std::move(other_passes)),
        tile_(tile_for(shape.OW)),
        num_threads_(omp_get_max_threads()) {}

  std::size_t scratch_bytes() const override {
    const auto bytes = weights_pairs() * sizeof(Pair) + static_cast<std::size_t>(num_threads_ * band_values()) * sizeof(BFloat16);
    return std::max(bytes, other_passes_->scratch_bytes());
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(s_, src, weights, bias, dst);
    pack(weights.data<float>());
#pragma omp parallel for collapse(2) schedule(static) num_threads(num_threads_)
    for (std::int64_t n = 0; n < s_.N; ++n) {
      for (std::int64_t first = 0; first < s_.OH; first += kBandRows) {
        multiply_band(src.data<BFloat16>() + n * s_.IH * s_.IW * s_.IC, first, std::min(kBandRows, s_.OH - first), bias.data<float>(),
                      band(omp_get_thread_num()), dst.data<BFloat16>() + (n * s_.OH + first) * s_.OW * s_.OC);
      }
    }
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    other_passes_->bind(nullptr, scratch_);
    other_passes_->backward_data(diff_dst, weights, diff_src);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    other_passes_->bind(nullptr, scratch_);
    other_passes_->backward_weights(src, diff_dst, diff_weights, diff_bias);
  }

 private:
  Window window() const { return {s_.KH, s_.KW * s_.IC, (s_.pad.left + s_.IW + s_.pad.right) * s_.IC, s_.SW * s_.IC}; }
  std::int64_t window_pairs() const { return s_.KH * ((s_.KW * s_.IC + 1) / 2); }
  std::size_t weights_pairs() const { return static_cast<std::size_t>(s_.OC * window_pairs()); }
  // The last tile of a row reads past it: those sums are not stored, but the memory must be there.
  std::int64_t band_values() const {
    const Window w = window();
    return rounded_up(((kBandRows - 1) * s_.SH + s_.KH) * w.pitch + tile_.places * w.across, 32);
  }

  // [weights as pairs | each thread's rows of src]
  Pair* packed() const { return reinterpret_cast<Pair*>(scratch_); }
  BFloat16* band(int thread) const { return reinterpret_cast<BFloat16*>(packed() + weights_pairs()) + thread * band_values(); }

  void pack(const float* weights) const {
    const std::int64_t values = window().values;
    for (std::int64_t oc = 0; oc < s_.OC; ++oc) {
      Pair* out = packed() + oc / kOutputs * kOutputs * window_pairs() + oc % kOutputs;
      for (std::int64_t kh = 0; kh < s_.KH; ++kh, weights += values) {
        for (std::int64_t k = 0; k < values; k += 2, out += kOutputs) {
          *out = pair_of(to_bfloat16(weights[k]), k + 1 < values ? to_bfloat16(weights[k + 1]) : BFloat16{});
        }
      }
    }
  }

  // The rows that the windows of `rows` rows of dst from `first` on see, between zeros.
  void copy_band(const BFloat16* image, std::int64_t first, std::int64_t rows, BFloat16* out) const {
    const std::int64_t pitch = window().pitch, before = s_.pad.left * s_.IC, inside = s_.IW * s_.IC;
    for (std::int64_t i = 0; i < (rows - 1) * s_.SH + s_.KH; ++i, out += pitch) {
      const std::int64_t ih = first * s_.SH - s_.pad.top + i;
      std::fill_n(out, pitch, BFloat16{});
      if (ih >= 0 && ih < s_.IH) std::copy_n(image + ih * inside, inside, out + before);
    }
    std::fill_n(out, tile_.places * window().across, BFloat16{});
  }

  void multiply_band(const BFloat16* image, std::int64_t first, std::int64_t rows, const float* bias, BFloat16* x, BFloat16* dst) const {
    copy_band(image, first, rows, x);
    const Window w = window();
    for (std::int64_t oc = 0; oc < s_.OC; oc += kOutputs) {
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t ow = 0; ow < s_.OW; ow += tile_.places) {
          tile_.multiply(x + row * s_.SH * w.pitch + ow * w.across, packed() + oc * window_pairs(), bias + oc, w, epilogue_,
                         std::min(tile_.places, s_.OW - ow), s_.OC, dst + (row * s_.OW + ow) * s_.OC + oc);
        }
      }
    }
  }

  Conv2dShape s_;
  Epilogue epilogue_;
  std::unique_ptr<Conv2d> other_passes_;
  Tile tile_;
  int num_threads_;
};

}  // namespace

// It pays where oneDNN finds few channels and the tiles fit.
bool conv2d_of_picture_rows_pays(const Conv2dShape& s) {
  return s.src_type == DType::bf16 && s.dst_type == DType::bf16 && onednn::multiplies_pairs() && s.groups == 1 && s.IC <= 4 &&
         s.OC % kOutputs == 0 && 10 * rounded_up(s.OW, tile_for(s.OW).places) <= 11 * s.OW;
}

std::unique_ptr<Conv2d> make_conv2d_of_picture_rows_onednn(const Conv2dShape& shape, Epilogue epilogue,
                                                           std::unique_ptr<Conv2d> other_passes) {
  return std::make_unique<Conv2dOfPictureRows>(shape, epilogue, std::move(other_passes));
}

}  // namespace alexnet
