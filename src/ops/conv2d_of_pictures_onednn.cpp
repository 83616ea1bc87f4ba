// Convolution whose source has the few channels of a picture: conv1's gradient to its weights. oneDNN's vectors run over channels, and
// three of them fill no vector. Here a row of a window, its KW * IC values that lie side by side in NHWC, is one dimension, and vectors
// run over the outputs:
//
//   diff_weights[kh, k, oc] = sum over n, oh, ow of padded[oh * SH + kh, ow * SW * IC + k] * diff_dst[n, oh, ow, oc]
//
// A value of the padded picture meets two vectors of outputs; the sums of 11 values of a window's row times 32 outputs stay in registers
// over a band of 8 rows of diff_dst. A thread takes bands: it copies the rows under a band between zeros first, which then lie in its
// second-level cache, as does the band. Sums over a band are added up band by band, so that rounding does not grow with the batch.
// Tensors in bf16 are worked on as f32, where conv2d_of_pairs is not for the CPU: a band's rows are widened where f32 ones are copied,
// those of diff_dst besides.
// The other passes are oneDNN's: forward written in this way (11 positions times 32 outputs) was no faster than oneDNN's.
#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/storage.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kBandRows = 8;
constexpr std::int64_t kOutputs = 32;  // two vectors
constexpr std::int64_t kValues = 11;   // times two vectors: 22 of 32 registers

// A band's rows of the padded picture, and how its windows lie in them; in floats.
struct Windows {
  std::int64_t pitch;   // from one row to the next
  std::int64_t down;    // from a window to the one below it: SH rows
  std::int64_t across;  // to the next one in the row: SW * IC
};

// diff_weights[k, o] += the band's sum, for `count` of kValues values and kOutputs outputs.
ALEXNET_SIMD void backward_weights_tile(const float* padded, Windows w, const float* diff_dst, std::int64_t rows, std::int64_t OW,
                                        std::int64_t OC, std::int64_t count, float* diff_weights) {
  Floats sums[kValues][2] = {};
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* x = padded + row * w.down;
    for (std::int64_t ow = 0; ow < OW; ++ow, x += w.across, diff_dst += OC) {
      const Floats low = *reinterpret_cast<const Floats*>(diff_dst), high = *reinterpret_cast<const Floats*>(diff_dst + 16);
#pragma GCC unroll 11
      for (std::int64_t k = 0; k < kValues; ++k) {
        sums[k][0] += x[k] * low;
        sums[k][1] += x[k] * high;
      }
    }
  }
#pragma GCC unroll 11
  for (std::int64_t k = 0; k < kValues; ++k) {
    if (k >= count) break;
    for (const int half : {0, 1}) *reinterpret_cast<Floats*>(diff_weights + k * kOutputs + 16 * half) += sums[k][half];
  }
}

// sum[c] += the sum of `count` rows of a matrix.
ALEXNET_SIMD void add_rows(const float* rows, std::int64_t count, std::int64_t OC, float* band_sum, float* sum) {
  std::fill_n(band_sum, OC, 0.0F);
  for (std::int64_t row = 0; row < count; ++row) {
#pragma omp simd
    for (std::int64_t c = 0; c < OC; ++c) band_sum[c] += rows[row * OC + c];
  }
  for (std::int64_t c = 0; c < OC; ++c) sum[c] += band_sum[c];
}

class Conv2dOfPictures final : public Conv2d {
 public:
  Conv2dOfPictures(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes)
      : s_(shape), other_passes_(std::move(other_passes)), num_threads_(omp_get_max_threads()) {}

  std::size_t scratch_bytes() const override {
    const auto floats = static_cast<std::size_t>(num_threads_ * (band_floats() + sums_floats() + diff_dst_floats()));
    return std::max(floats * sizeof(float), other_passes_->scratch_bytes());
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
    for (int thread = 0; thread < num_threads_; ++thread) std::fill_n(sums(thread), sums_floats(), 0.0F);
    for_each_band([&](std::int64_t n, std::int64_t first, std::int64_t rows, int thread) {
      const float* padded = copy_band(src, n, first, rows, thread);
      const float* dy = diff_dst_band(diff_dst, (n * s_.OH + first) * s_.OW * s_.OC, rows * s_.OW * s_.OC, thread);
      float* bias_sum = sums(thread) + weights_floats();
      add_rows(dy, rows * s_.OW, s_.OC, bias_sum + s_.OC, bias_sum);
      for (std::int64_t oc = 0; oc < s_.OC; oc += kOutputs) {
        float* sum = sums(thread) + oc * window_values();
        for (std::int64_t kh = 0; kh < s_.KH; ++kh) {
          for (std::int64_t k = 0; k < row_values(); k += kValues) {
            backward_weights_tile(padded + kh * windows().pitch + k, windows(), dy + oc, rows, s_.OW, s_.OC,
                                  std::min(kValues, row_values() - k), sum + (kh * row_values() + k) * kOutputs);
          }
        }
      }
    });
    for (int thread = 1; thread < num_threads_; ++thread) {
      for (std::int64_t i = 0; i < weights_floats() + s_.OC; ++i) sums(0)[i] += sums(thread)[i];
    }
    unpack(sums(0), diff_weights.data<float>());
    std::copy_n(sums(0) + weights_floats(), s_.OC, diff_bias.data<float>());
  }

 private:
  std::int64_t row_values() const { return s_.KW * s_.IC; }
  std::int64_t window_values() const { return s_.KH * row_values(); }
  std::int64_t weights_floats() const { return s_.OC * window_values(); }
  Windows windows() const {
    const std::int64_t pitch = (s_.pad.left + s_.IW + s_.pad.right) * s_.IC;
    return {pitch, s_.SH * pitch, s_.SW * s_.IC};
  }
  // The last tile of a window's row reads past it: those sums are not stored, but the memory must be there.
  std::int64_t band_floats() const {
    const std::int64_t rows = (kBandRows - 1) * s_.SH + s_.KH;
    return (rows * windows().pitch + kValues) / 16 * 16 + 16;
  }
  std::int64_t sums_floats() const { return weights_floats() + 2 * s_.OC; }  // of the weights, of the bias, of the bias in one band

  // Of a band of diff_dst in f32, where it is in bf16.
  std::int64_t diff_dst_floats() const { return s_.dst_type == DType::bf16 ? kBandRows * s_.OW * s_.OC : 0; }

  // [each thread's band | each thread's sums | each thread's band of diff_dst]
  float* band(int thread) const { return reinterpret_cast<float*>(scratch_) + thread * band_floats(); }
  float* sums(int thread) const { return band(num_threads_) + thread * sums_floats(); }

  const float* diff_dst_band(const Tensor& diff_dst, std::int64_t at, std::int64_t count, int thread) const {
    if (s_.dst_type == DType::f32) return diff_dst.data<float>() + at;
    float* out = sums(num_threads_) + thread * diff_dst_floats();
    widen(diff_dst.data<BFloat16>() + at, count, out);
    return out;
  }

  // (OC / kOutputs, KH, KW * IC, kOutputs) to (OC, KH, KW, IC)
  void unpack(const float* packed, float* weights) const {
    for (std::int64_t oc = 0; oc < s_.OC; ++oc) {
      const float* in = packed + oc / kOutputs * kOutputs * window_values() + oc % kOutputs;
      for (std::int64_t i = 0; i < window_values(); ++i) weights[oc * window_values() + i] = in[i * kOutputs];
    }
  }

  // The rows of picture n that the windows of `rows` rows of dst from `first` on see, between zeros.
  float* copy_band(const Tensor& src, std::int64_t n, std::int64_t first, std::int64_t rows, int thread) const {
    const std::int64_t pitch = windows().pitch, before = s_.pad.left * s_.IC, inside = s_.IW * s_.IC;
    float* out = band(thread);
    for (std::int64_t i = 0; i < (rows - 1) * s_.SH + s_.KH; ++i, out += pitch) {
      const std::int64_t ih = first * s_.SH - s_.pad.top + i;
      if (ih < 0 || ih >= s_.IH) {
        std::fill_n(out, pitch, 0.0F);
        continue;
      }
      std::fill_n(out, before, 0.0F);
      const std::int64_t at = (n * s_.IH + ih) * inside;
      if (s_.src_type == DType::f32) {
        std::copy_n(src.data<float>() + at, inside, out + before);
      } else {
        widen(src.data<BFloat16>() + at, inside, out + before);
      }
      std::fill_n(out + before + inside, pitch - before - inside, 0.0F);
    }
    std::fill_n(out, kValues, 0.0F);
    return band(thread);
  }

  // Which thread takes which band depends on the number of threads alone, and so do the sums' last bits, as with oneDNN.
  template <class Body>
  void for_each_band(Body body) const {
#pragma omp parallel for collapse(2) schedule(static) num_threads(num_threads_)
    for (std::int64_t n = 0; n < s_.N; ++n) {
      for (std::int64_t first = 0; first < s_.OH; first += kBandRows) {
        body(n, first, std::min(kBandRows, s_.OH - first), omp_get_thread_num());
      }
    }
  }

  Conv2dShape s_;
  std::unique_ptr<Conv2d> other_passes_;
  int num_threads_;
};

}  // namespace

// It pays with AVX-512's 32 registers, where oneDNN finds few channels and the tiles fit.
bool conv2d_of_pictures_pays(const Conv2dShape& s) {
  const std::int64_t row_values = s.KW * s.IC, computed = (row_values + kValues - 1) / kValues * kValues;
  return s.src_type == s.dst_type && has_wide_vectors() && s.groups == 1 && s.IC <= 4 && s.OC % kOutputs == 0 &&
         10 * computed <= 11 * row_values;
}

std::unique_ptr<Conv2d> make_conv2d_of_pictures_onednn(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes) {
  return std::make_unique<Conv2dOfPictures>(shape, std::move(other_passes));
}

}  // namespace alexnet
