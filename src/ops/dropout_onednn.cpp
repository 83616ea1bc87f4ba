// Dropout on the CPU: the mask's random words are drawn block by block into a small buffer, and drawn again in the backward pass.
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "alexnet/core/rng.hpp"
#include "alexnet/core/simd.hpp"
#include "alexnet/ops/dropout.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kBlockUnits = 1024;            // a multiple of 4: the four words of one Philox block stay together
constexpr std::int64_t kMostWords = kBlockUnits + 4;  // of units that begin within a Philox block

struct MaskOf {
  std::uint64_t seed;
  std::uint32_t stream;
};

// words[4 * b + i] = word i of block first_block + b of the sample.
void draw_words(MaskOf mask, std::uint64_t sample, std::uint32_t first_block, std::uint32_t num_blocks, std::uint32_t* words) {
  for (std::uint32_t b = 0; b < num_blocks; ++b) {
    const RandomBlock r = random_block(mask.seed, mask.stream, sample, first_block + b);
    words[4 * b] = r[0];
    words[4 * b + 1] = r[1];
    words[4 * b + 2] = r[2];
    words[4 * b + 3] = r[3];
  }
}

template <class T>
ALEXNET_SIMD void apply(const std::uint32_t* words, std::uint32_t threshold, float kept, const T* src, std::int64_t count, T* dst) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = to_float(src[i]) * kept;  // outside the choice: it may then be computed for dropped units too
    dst[i] = stored<T>(words[i] < threshold ? 0.0F : value);
  }
}

class DropoutOnednn : public Dropout {
 public:
  explicit DropoutOnednn(const DropoutShape& shape) : s_(shape), num_threads_(omp_get_max_threads()) {}

  void forward_train(const StepParameters* step, const Tensor& src, const Tensor& dst) override { run_masked(*step, src, dst); }

  void forward_test(const StepParameters* step, const Tensor& src, const Tensor& dst) override {
    check_dropout(s_, src, dst);
    const float rate = rate_of(*step);
    scale(src, s_.scale == DropoutScale::test ? 1.0F - rate : 1.0F, dst);
  }

  void backward_data(const StepParameters* step, const Tensor& diff_dst, const Tensor& diff_src) override {
    run_masked(*step, diff_dst, diff_src);
  }

 private:
  float rate_of(const StepParameters& step) const { return step.dropout_rate[static_cast<std::size_t>(s_.slot)]; }

  void scale(const Tensor& src, float factor, const Tensor& dst) const {
    if (factor == 1.0F && src.raw() == dst.raw()) return;
    const std::int64_t count = s_.N * s_.units;
    with_storage_of(s_.type, [&]<class T>(T) {
      const T* x = src.data<T>();
      T* y = dst.data<T>();
#pragma omp parallel for simd schedule(static) num_threads(num_threads_)
      for (std::int64_t i = 0; i < count; ++i) y[i] = stored<T>(to_float(x[i]) * factor);
    });
  }

  void run_masked(const StepParameters& step, const Tensor& src, const Tensor& dst) const {
    check_dropout(s_, src, dst);
    const double rate = static_cast<double>(rate_of(step));
    if (rate == 0) return scale(src, 1.0F, dst);
    const float kept = s_.scale == DropoutScale::train ? static_cast<float>(1.0 / (1.0 - rate)) : 1.0F;
    // word < rate * 2^32 for integer words; below 2^32, as the largest float below 1 is 1 - 2^-24.
    const auto threshold = static_cast<std::uint32_t>(std::ceil(rate * 0x1.0p32));
    const MaskOf mask{step.seed, static_cast<std::uint32_t>(RandomStream::dropout) + static_cast<std::uint32_t>(s_.slot)};
    with_storage_of(s_.type, [&]<class T>(T) { draw_and_apply(mask, step.first_sample, threshold, kept, src.data<T>(), dst.data<T>()); });
  }

  // Units that lie side by side in the network's order: an image's, or a pixel's where a device holds some of the channels.
  template <class T>
  void draw_and_apply(MaskOf mask, std::uint64_t first_sample, std::uint32_t threshold, float kept, const T* x, T* y) const {
    const std::int64_t run = s_.channels == s_.all_channels ? s_.units : s_.channels, num_runs = s_.units / run;
#pragma omp parallel for collapse(3) schedule(static) num_threads(num_threads_)
    for (std::int64_t n = 0; n < s_.N; ++n) {
      for (std::int64_t i = 0; i < num_runs; ++i) {
        for (std::int64_t first = 0; first < run; first += kBlockUnits) {
          const std::int64_t count = std::min(kBlockUnits, run - first), unit = i * run + first;
          const std::int64_t of_network = s_.unit_of_network(unit), skipped = of_network % 4;
          alignas(64) std::uint32_t words[kMostWords];
          draw_words(mask, first_sample + static_cast<std::uint64_t>(n), static_cast<std::uint32_t>(of_network / 4),
                     static_cast<std::uint32_t>((skipped + count + 3) / 4), words);
          const std::int64_t at = n * s_.units + unit;
          apply(words + skipped, threshold, kept, x + at, count, y + at);
        }
      }
    }
  }

  DropoutShape s_;
  int num_threads_;
};

}  // namespace

std::unique_ptr<Dropout> make_dropout_onednn(const DropoutShape& shape) { return std::make_unique<DropoutOnednn>(shape); }

}  // namespace alexnet
