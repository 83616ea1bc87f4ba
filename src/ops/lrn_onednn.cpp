// Local response normalisation on the CPU. In NHWC the channels of one column of one pixel are a row of C/groups values, and the rows
// of the whole batch follow each other: all passes run over rows and know neither pixels nor columns.
// Each thread works on blocks of rows that fit its first-level cache.
#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "alexnet/ops/lrn.hpp"
#include "ops/negative_power.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/storage.hpp"
#include "ops/window_sums.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kBlockFloats = 1024;  // of one array of a block, 4 KiB: the six that backward_data touches fit in 32 KiB

// `count` rows of `length` values. Padded: `reach` zeros (as far as a window reaches to one side), a row, `reach` zeros, a row, ...,
// `reach` zeros. The passes are separate because a row read at a shift right after it was written would wait for the stores.
struct Rows {
  std::int64_t count, length, reach;
  std::int64_t pitch() const { return length + reach; }
  std::int64_t values() const { return count * length; }
  Windows windows() const { return {count, length, pitch(), reach, 1}; }
};

ALEXNET_SIMD void pad_squares(const float* src, Rows rows, float* padded) {
  for (std::int64_t r = 0; r < rows.count; ++r) {
    const float* x = src + r * rows.length;
    float* out = padded + r * rows.pitch() + rows.reach;
#pragma omp simd
    for (std::int64_t c = 0; c < rows.length; ++c) out[c] = x[c] * x[c];
  }
}

// What a channel hands to those that see it: diff_dst * src * d^(-beta-1).
ALEXNET_SIMD void pad_carried(const float* src, const float* diff_dst, const float* power, const float* reciprocal, Rows rows,
                              float* padded) {
  for (std::int64_t r = 0; r < rows.count; ++r) {
    const std::int64_t at = r * rows.length;
    float* out = padded + r * rows.pitch() + rows.reach;
#pragma omp simd
    for (std::int64_t c = 0; c < rows.length; ++c) out[c] = diff_dst[at + c] * src[at + c] * (power[at + c] * reciprocal[at + c]);
  }
}

ALEXNET_SIMD void multiply(const float* a, const float* b, std::int64_t count, float* product) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) product[i] = a[i] * b[i];
}

ALEXNET_SIMD void combine(const float* src, const float* diff_dst, const float* power, const float* sum, std::int64_t count,
                          float* diff_src) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) diff_src[i] = diff_dst[i] * power[i] - src[i] * sum[i];
}

class LrnOnednn : public Lrn {
 public:
  explicit LrnOnednn(const LrnShape& shape)
      : s_(shape),
        num_threads_(omp_get_max_threads()),
        length_(s_.C / s_.groups),
        // A window wider than the row sees the whole row, however far it reaches.
        reach_(std::min(s_.size / 2, length_ - 1)),
        rows_per_block_(std::max<std::int64_t>(1, kBlockFloats / length_)) {}

  std::size_t scratch_bytes() const override { return static_cast<std::size_t>(num_threads_ * thread_floats()) * sizeof(float); }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_forward(s_, src, dst);
    for_each_block([&](std::int64_t at, Rows rows, const Buffers& b) {
      const float* x = load(src, at, rows.values(), b.src);
      float* y = place(dst, at, b.dst);
      pad_squares(x, rows, b.padded);
      window_sums(b.padded, rows.windows(), s_.k, s_.alpha, b.d);
      negative_power(b.d, rows.values(), s_.beta, b.power);
      multiply(x, b.power, rows.values(), y);
      store(y, dst, at, rows.values());
    });
  }

  void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(s_, src, diff_dst, diff_src);
    const float factor = 2.0F * s_.alpha * s_.beta;
    for_each_block([&](std::int64_t at, Rows rows, const Buffers& b) {
      const float* x = load(src, at, rows.values(), b.src);
      const float* dy = load(diff_dst, at, rows.values(), b.diff_dst);
      float* dx = place(diff_src, at, b.dst);
      pad_squares(x, rows, b.padded);
      window_sums(b.padded, rows.windows(), s_.k, s_.alpha, b.d);
      negative_power(b.d, rows.values(), s_.beta, b.power);
      pad_carried(x, dy, b.power, b.d, rows, b.padded);
      window_sums(b.padded, rows.windows(), 0.0F, factor, b.d);
      combine(x, dy, b.power, b.d, rows.values(), dx);
      store(dx, diff_src, at, rows.values());
    });
  }

 private:
  struct Buffers {  // of one thread
    float *padded, *d, *power;
    float *src, *diff_dst, *dst;  // rows in f32 of bf16 tensors
  };

  // A tensor's values in f32: its own memory, or a copy in `buffer`.
  static const float* load(const Tensor& tensor, std::int64_t at, std::int64_t count, float* buffer) {
    if (tensor.dtype() == DType::f32) return tensor.data<float>() + at;
    widen(tensor.data<BFloat16>() + at, count, buffer);
    return buffer;
  }
  // Where to write them, and then: to the tensor with them.
  static float* place(const Tensor& tensor, std::int64_t at, float* buffer) {
    return tensor.dtype() == DType::f32 ? tensor.data<float>() + at : buffer;
  }
  static void store(const float* values, const Tensor& tensor, std::int64_t at, std::int64_t count) {
    if (tensor.dtype() == DType::bf16) narrow(values, count, tensor.data<BFloat16>() + at);
  }

  // Each buffer begins on its own cache line.
  static std::int64_t rounded(std::int64_t floats) { return (floats + 15) / 16 * 16; }
  std::int64_t padded_floats() const { return rounded(rows_per_block_ * (length_ + reach_) + reach_); }
  std::int64_t block_floats() const { return rounded(rows_per_block_ * length_); }
  std::int64_t thread_floats() const { return padded_floats() + (s_.type == DType::f32 ? 2 : 5) * block_floats(); }

  Buffers buffers(int thread) const {
    float* start = reinterpret_cast<float*>(scratch_) + thread * thread_floats();
    std::fill_n(start, padded_floats(), 0.0F);
    float* blocks = start + padded_floats();
    const auto block = [&](int i) { return blocks + i * block_floats(); };
    return {start, block(0), block(1), block(2), block(3), block(4)};
  }

  // A row's result depends on that row alone, so the division of the rows among threads does not change a bit of it.
  template <class Body>
  void for_each_block(Body body) const {
    const std::int64_t num_rows = s_.N * s_.H * s_.W * s_.groups;
    const std::int64_t num_blocks = (num_rows + rows_per_block_ - 1) / rows_per_block_;
#pragma omp parallel num_threads(num_threads_)
    {
      const Buffers b = buffers(omp_get_thread_num());
#pragma omp for schedule(static)
      for (std::int64_t block = 0; block < num_blocks; ++block) {
        const std::int64_t first = block * rows_per_block_;
        body(first * length_, Rows{std::min(rows_per_block_, num_rows - first), length_, reach_}, b);
      }
    }
  }

  LrnShape s_;
  int num_threads_;
  std::int64_t length_, reach_, rows_per_block_;
};

}  // namespace

std::unique_ptr<Lrn> make_lrn_onednn(const LrnShape& shape) { return std::make_unique<LrnOnednn>(shape); }

}  // namespace alexnet
