// Normalisation over a square of pixels on the CPU. The sum over a square is a sum along the row of sums along the column. A thread
// takes one image and a block of its channels, packed as planes (rows, columns, channels of the block) with zeros around them.
#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "alexnet/ops/spatial_norm.hpp"
#include "ops/negative_power.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/storage.hpp"
#include "ops/window_sums.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kBlockChannels = 32;  // two cache lines of each pixel; three planes of 27x27 stay in 300 KiB

// One row of a block: `width` pixels of `block` channels; in the tensors the next pixel is `channels` further on.
struct Row {
  std::int64_t width, block, channels;
};

ALEXNET_SIMD void pack_squares(const float* src, Row row, float* packed) {
  for (std::int64_t w = 0; w < row.width; ++w) {
    const float* x = src + w * row.channels;
    float* out = packed + w * row.block;
#pragma omp simd
    for (std::int64_t c = 0; c < row.block; ++c) out[c] = x[c] * x[c];
  }
}

// The loops over a row take the function from d to its powers: see negative_power.hpp.
[[gnu::always_inline]] inline void divide(const float* src, const float* d, Row row, auto negative_power, float* dst) {
  for (std::int64_t w = 0; w < row.width; ++w) {
    const std::int64_t at = w * row.channels;
    const std::int64_t i = w * row.block;
#pragma omp simd
    for (std::int64_t c = 0; c < row.block; ++c) dst[at + c] = src[at + c] * negative_power(d[i + c]).power;
  }
}

[[gnu::always_inline]] inline void pack_carried(const float* src, const float* diff_dst, const float* d, Row row, auto negative_power,
                                                float* power, float* packed) {
  for (std::int64_t w = 0; w < row.width; ++w) {
    const std::int64_t at = w * row.channels;
    const std::int64_t i = w * row.block;
#pragma omp simd
    for (std::int64_t c = 0; c < row.block; ++c) {
      const Powers p = negative_power(d[i + c]);
      power[i + c] = p.power;
      packed[i + c] = diff_dst[at + c] * src[at + c] * (p.power * p.reciprocal);
    }
  }
}

// dst = src * d^-beta
ALEXNET_SIMD void divide(const float* src, const float* d, Row row, float beta, float* dst) {
  with_negative_power(
      beta, [&](auto negative_power) __attribute__((always_inline)) { divide(src, d, row, negative_power, dst); });
}

// power = d^-beta; packed: what a pixel hands to those that see it, diff_dst * src * d^(-beta-1).
ALEXNET_SIMD void pack_carried(const float* src, const float* diff_dst, const float* d, Row row, float beta, float* power, float* packed) {
  with_negative_power(
      beta, [&](auto negative_power)
                __attribute__((always_inline)) { pack_carried(src, diff_dst, d, row, negative_power, power, packed); });
}

ALEXNET_SIMD void combine(const float* src, const float* diff_dst, const float* power, const float* sum, Row row, float* diff_src) {
  for (std::int64_t w = 0; w < row.width; ++w) {
    const std::int64_t at = w * row.channels;
    const std::int64_t i = w * row.block;
#pragma omp simd
    for (std::int64_t c = 0; c < row.block; ++c) diff_src[at + c] = diff_dst[at + c] * power[i + c] - src[at + c] * sum[i + c];
  }
}

class SpatialNormOnednn : public SpatialNorm {
 public:
  explicit SpatialNormOnednn(const SpatialNormShape& shape)
      : s_(shape),
        num_threads_(omp_get_max_threads()),
        // A window wider than the map sees the whole map, however far it reaches.
        reach_h_(std::min(s_.size / 2, s_.H - 1)),
        reach_w_(std::min(s_.size / 2, s_.W - 1)),
        block_(std::min(s_.C, kBlockChannels)) {}

  std::size_t scratch_bytes() const override { return static_cast<std::size_t>(num_threads_ * thread_floats()) * sizeof(float); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(s_, src, dst);
    for_each_block([&](std::int64_t at, std::int64_t channels, const Buffers& b) {
      const Row row = row_of(channels);
      sum_squares_along_rows(src, at, row, b);
      for (std::int64_t h = 0; h < s_.H; ++h) {
        const std::int64_t i = at + h * s_.W * s_.C;
        sum_along_columns(b.plane, h, row, s_.k, s_.alpha, b.d);
        float* y = place(dst, i, b.dst);
        divide(load(src, i, row, b.src), b.d, row, s_.beta, y);
        store(y, dst, i, row);
      }
    });
  }

  void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(s_, src, diff_dst, diff_src);
    const float factor = 2.0F * s_.alpha * s_.beta;
    for_each_block([&](std::int64_t at, std::int64_t channels, const Buffers& b) {
      const Row row = row_of(channels);
      const std::int64_t row_values = row.width * row.block;
      sum_squares_along_rows(src, at, row, b);
      for (std::int64_t h = 0; h < s_.H; ++h) {
        const std::int64_t i = at + h * s_.W * s_.C;
        float* power = b.power + h * row_values;
        sum_along_columns(b.plane, h, row, s_.k, s_.alpha, b.d);
        pack_carried(load(src, i, row, b.src), load(diff_dst, i, row, b.diff_dst), b.d, row, s_.beta, power, b.row + reach_w_ * row.block);
        sum_along_row(b.row, row, b.carried + (h + reach_h_) * row_values);
      }
      for (std::int64_t h = 0; h < s_.H; ++h) {
        const std::int64_t i = at + h * s_.W * s_.C;
        sum_along_columns(b.carried, h, row, 0.0F, factor, b.d);
        float* dx = place(diff_src, i, b.dst);
        combine(load(src, i, row, b.src), load(diff_dst, i, row, b.diff_dst), b.power + h * row_values, b.d, row, dx);
        store(dx, diff_src, i, row);
      }
    });
  }

 private:
  struct Buffers {                // of one thread
    float* row;                   // (W + 2 reach_w, block): one row with zeros at its ends
    float *plane, *carried;       // (H + 2 reach_h, W, block): sums along the rows, with rows of zeros above and below
    float* power;                 // (H, W, block)
    float* d;                     // (W, block)
    float *src, *diff_dst, *dst;  // (W, block) each: a row in f32 of a bf16 tensor
  };

  // A row of a bf16 tensor is worked on as a dense copy in f32.
  Row row_of(std::int64_t channels) const { return {s_.W, channels, s_.type == DType::bf16 ? channels : s_.C}; }
  const float* load(const Tensor& tensor, std::int64_t at, Row row, float* buffer) const {
    if (s_.type == DType::f32) return tensor.data<float>() + at;
    for (std::int64_t w = 0; w < row.width; ++w) widen(tensor.data<BFloat16>() + at + w * s_.C, row.block, buffer + w * row.block);
    return buffer;
  }
  // Where to write a row, and then: to the tensor with it.
  float* place(const Tensor& tensor, std::int64_t at, float* buffer) const {
    return s_.type == DType::f32 ? tensor.data<float>() + at : buffer;
  }
  void store(const float* values, const Tensor& tensor, std::int64_t at, Row row) const {
    if (s_.type == DType::f32) return;
    for (std::int64_t w = 0; w < row.width; ++w) narrow(values + w * row.block, row.block, tensor.data<BFloat16>() + at + w * s_.C);
  }

  // Each buffer begins on its own cache line.
  static std::int64_t rounded(std::int64_t floats) { return (floats + 15) / 16 * 16; }
  std::int64_t row_floats() const { return rounded((s_.W + 2 * reach_w_) * block_); }
  std::int64_t plane_floats() const { return rounded((s_.H + 2 * reach_h_) * s_.W * block_); }
  std::int64_t power_floats() const { return rounded(s_.H * s_.W * block_); }
  std::int64_t d_floats() const { return rounded(s_.W * block_); }
  std::int64_t thread_floats() const {
    return row_floats() + 2 * plane_floats() + power_floats() + (s_.type == DType::f32 ? 1 : 4) * d_floats();
  }

  Buffers buffers(int thread) const {
    Buffers b{};
    b.row = reinterpret_cast<float*>(scratch_) + thread * thread_floats();
    b.plane = b.row + row_floats();
    b.carried = b.plane + plane_floats();
    b.power = b.carried + plane_floats();
    b.d = b.power + power_floats();
    b.src = b.d + d_floats();
    b.diff_dst = b.src + d_floats();
    b.dst = b.diff_dst + d_floats();
    return b;
  }

  // The zeros around the values; where they lie depends on the number of channels in the block.
  void zero_borders(std::int64_t channels, const Buffers& b) const {
    std::fill_n(b.row, reach_w_ * channels, 0.0F);
    std::fill_n(b.row + (reach_w_ + s_.W) * channels, reach_w_ * channels, 0.0F);
    const std::int64_t border = reach_h_ * s_.W * channels;
    const std::int64_t inside = s_.H * s_.W * channels;
    for (float* plane : {b.plane, b.carried}) {
      std::fill_n(plane, border, 0.0F);
      std::fill_n(plane + border + inside, border, 0.0F);
    }
  }

  void sum_along_row(const float* padded, Row row, float* out) const {
    window_sums(padded, {1, row.width * row.block, 0, reach_w_, row.block}, 0.0F, 1.0F, out);
  }

  void sum_squares_along_rows(const Tensor& src, std::int64_t at, Row row, const Buffers& b) const {
    for (std::int64_t h = 0; h < s_.H; ++h) {
      pack_squares(load(src, at + h * s_.W * s_.C, row, b.src), row, b.row + reach_w_ * row.block);
      sum_along_row(b.row, row, b.plane + (h + reach_h_) * row.width * row.block);
    }
  }

  void sum_along_columns(const float* plane, std::int64_t h, Row row, float offset, float factor, float* out) const {
    const std::int64_t row_values = row.width * row.block;
    window_sums(plane + h * row_values, {1, row_values, 0, reach_h_, row_values}, offset, factor, out);
  }

  // A block's result depends on that block alone, so the division among threads does not change a bit of it.
  template <class Body>
  void for_each_block(Body body) const {
    const std::int64_t blocks_per_image = (s_.C + block_ - 1) / block_;
    const std::int64_t num_blocks = s_.N * blocks_per_image;
#pragma omp parallel num_threads(num_threads_)
    {
      const Buffers b = buffers(omp_get_thread_num());
#pragma omp for schedule(static)
      for (std::int64_t i = 0; i < num_blocks; ++i) {
        const std::int64_t first_channel = i % blocks_per_image * block_;
        const std::int64_t channels = std::min(block_, s_.C - first_channel);
        zero_borders(channels, b);
        body(i / blocks_per_image * s_.H * s_.W * s_.C + first_channel, channels, b);
      }
    }
  }

  SpatialNormShape s_;
  int num_threads_;
  std::int64_t reach_h_, reach_w_, block_;
};

}  // namespace

std::unique_ptr<SpatialNorm> make_spatial_norm_onednn(const SpatialNormShape& shape) { return std::make_unique<SpatialNormOnednn>(shape); }

}  // namespace alexnet
