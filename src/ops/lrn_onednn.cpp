// Local response normalisation on the CPU. In NHWC the channels of one column of one pixel are a row of C/groups values, and the rows
// of the whole batch follow each other: all passes run over rows and know neither pixels nor columns.
//
// Each thread works on blocks of rows that fit its first-level cache. A window's sum is made of shifted additions over squares in
// zero-padded rows: accurate for any values (nothing is subtracted) and without a branch at a row's ends. The squares of a block are
// written before the first sum is made, because a row read at a shift right after it was written would wait for the stores.
#include <omp.h>

#include <algorithm>
#include <type_traits>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/simd.hpp"
#include "alexnet/ops/lrn.hpp"
#include "ops/lanes.hpp"
#include "ops/negative_power.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kBlockFloats =
    512;  // of one array of a block, 2 KiB: the six that backward_data touches leave room for what is fetched ahead

// `count` rows of `length` values. Padded: `reach` zeros (as far as a window reaches to one side), a row, `reach` zeros, a row, ...,
// `reach` zeros.
struct Rows {
  std::int64_t count, length, reach;
  std::int64_t pitch() const { return length + reach; }
};

struct Factors {
  float k, alpha, beta;
  std::int32_t negative_passes;  // all bits: a gradient is not masked where src is not above 0; none: it is
};

struct Buffers {  // of one thread
  float *padded, *carried, *power;
};

// The sum over j = 0 to window - 1 of padded[i + j], in lane i. Lanes behind the row's end hold something that nobody stores.
[[gnu::always_inline]] inline Lanes window_sums(const float* padded, auto window) {
  Lanes sums = load(padded, AllLanes{});
  for (std::int64_t j = 1; j < window; ++j) sums += load(padded + j, AllLanes{});
  return sums;
}

template <class Float>
[[gnu::always_inline]] inline void pad_squares(const Float* src, Rows rows, float* padded) {
  for (std::int64_t r = 0; r < rows.count; ++r, src += rows.length, padded += rows.pitch()) {
    for_each_vector(
        rows.length, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
          const Lanes x = load(src + c, count);
          store(x * x, padded + rows.reach + c, count);
        });
  }
}

template <class Float>
[[gnu::always_inline]] inline void forward_rows(const Float* src, Rows rows, Factors f, auto window, auto negative_power, float* padded,
                                                Float* dst) {
  pad_squares(src, rows, padded);
  for (std::int64_t r = 0; r < rows.count; ++r, src += rows.length, dst += rows.length, padded += rows.pitch()) {
    for_each_vector(
        rows.length, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
          const Lanes d = f.k + f.alpha * window_sums(padded + c, window);
          store(load(src + c, count) * powers_of(d, negative_power).power, dst + c, count);
        });
  }
}

// carried: what a channel hands to those that see it, diff_dst * src * d^(-beta-1).
template <class Float>
[[gnu::always_inline]] inline void backward_rows(const Float* src, const Float* diff_dst, Rows rows, Factors f, auto window,
                                                 auto negative_power, Buffers b, Float* diff_src) {
  pad_squares(src, rows, b.padded);
  for (std::int64_t r = 0; r < rows.count; ++r) {
    const std::int64_t at = r * rows.length, padded_at = r * rows.pitch();
    for_each_vector(
        rows.length, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
          const Lanes d = f.k + f.alpha * window_sums(b.padded + padded_at + c, window);
          const Powers p = powers_of(d, negative_power);
          store(p.power, b.power + at + c, count);
          store(load(diff_dst + at + c, count) * load(src + at + c, count) * (p.power * p.reciprocal),
                b.carried + padded_at + rows.reach + c, count);
        });
  }
  const float factor = 2.0F * f.alpha * f.beta;
  for (std::int64_t r = 0; r < rows.count; ++r) {
    const std::int64_t at = r * rows.length, padded_at = r * rows.pitch();
    for_each_vector(
        rows.length, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
          const Lanes x = load(src + at + c, count), share = factor * window_sums(b.carried + padded_at + c, window);
          const Lanes gradient = load(diff_dst + at + c, count) * load(b.power + at + c, count) - x * share;
          const IntLanes passes = (x > 0.0F) | f.negative_passes;
          store(std::bit_cast<Lanes>(std::bit_cast<IntLanes>(gradient) & passes), diff_src + at + c, count);
        });
  }
}

// f(window, negative_power), with a window that the compiler knows where there is one of 5.
template <class F>
[[gnu::always_inline]] inline void specialized(Rows rows, Factors factors, F f) {
  with_negative_power(
      factors.beta, [&](auto negative_power) __attribute__((always_inline)) {
        if (rows.reach == 2) {
          f(std::integral_constant<std::int64_t, 5>{}, negative_power);
        } else {
          f(2 * rows.reach + 1, negative_power);
        }
      });
}

ALEXNET_SIMD void forward(const float* src, Rows rows, Factors f, float* padded, float* dst) {
  specialized(
      rows, f, [&](auto window, auto negative_power) __attribute__((always_inline)) {
        forward_rows(src, rows, f, window, negative_power, padded, dst);
      });
}

ALEXNET_SIMD void backward(const float* src, const float* diff_dst, Rows rows, Factors f, Buffers b, float* diff_src) {
  specialized(
      rows, f, [&](auto window, auto negative_power) __attribute__((always_inline)) {
        backward_rows(src, diff_dst, rows, f, window, negative_power, b, diff_src);
      });
}

ALEXNET_SIMD void forward(const BFloat16* src, Rows rows, Factors f, float* padded, BFloat16* dst) {
  specialized(
      rows, f, [&](auto window, auto negative_power) __attribute__((always_inline)) {
        forward_rows(src, rows, f, window, negative_power, padded, dst);
      });
}

ALEXNET_SIMD void backward(const BFloat16* src, const BFloat16* diff_dst, Rows rows, Factors f, Buffers b, BFloat16* diff_src) {
  specialized(
      rows, f, [&](auto window, auto negative_power) __attribute__((always_inline)) {
        backward_rows(src, diff_dst, rows, f, window, negative_power, b, diff_src);
      });
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
    with_storage_of(s_.type, [&]<class Float>(Float) {
      const Float* x = src.data<Float>();
      Float* y = dst.data<Float>();
      for_each_block([&](std::int64_t at, Rows rows, const Buffers& b) { alexnet::forward(x + at, rows, factors(), b.padded, y + at); });
    });
  }

  void backward_data(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_src) override {
    check_backward_data(s_, src, diff_dst, diff_src);
    with_storage_of(s_.type, [&]<class Float>(Float) {
      const Float* x = src.data<Float>();
      const Float* dy = diff_dst.data<Float>();
      Float* dx = diff_src.data<Float>();
      for_each_block([&](std::int64_t at, Rows rows, const Buffers& b) { backward(x + at, dy + at, rows, factors(), b, dx + at); });
    });
  }

 private:
  Factors factors() const { return {s_.k, s_.alpha, s_.beta, s_.src_is_relu ? 0 : -1}; }

  // Each buffer begins on its own cache line. A padded one ends with a vector that may be read behind the last row.
  static std::int64_t rounded(std::int64_t floats) { return (floats + 15) / 16 * 16; }
  std::int64_t padded_floats() const { return rounded(rows_per_block_ * (length_ + reach_) + reach_) + kLanes; }
  std::int64_t block_floats() const { return rounded(rows_per_block_ * length_); }
  std::int64_t thread_floats() const { return 2 * padded_floats() + block_floats(); }

  Buffers buffers(int thread) const {
    float* start = reinterpret_cast<float*>(scratch_) + thread * thread_floats();
    std::fill_n(start, 2 * padded_floats(), 0.0F);
    return {start, start + padded_floats(), start + 2 * padded_floats()};
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
