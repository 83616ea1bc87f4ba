// Dropout in training, both passes (section 4.2 of the paper): dst[n,u] = 0 where unit u of the stream's picture p = first_sample + n is
// dropped, src[n,u] * kept elsewhere. Dropped: word u % 4 of random_block(seed, dropout + slot, p, u / 4) is below rate * 2^32. kept: 1, or
// 1 / (1 - rate) with DropoutScale::train. u counts the units of the network: a device may hold some of the channels. Backward draws the
// same mask again. src and dst (N, units), dst overwritten, may be src. The rate is read from the step's parameters in device memory: a
// recorded step can be replayed with another.
#include "kernels/common/launch.hpp"
#include "kernels/common/random.cuh"
#include "kernels/common/values.cuh"
#include "kernels/dropout.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256, kPerThread = 4;

// Both exactly as the CPU's: rate * 2^32 and its rounding up are exact in f32, the quotient is one of doubles, rounded once.
__device__ std::uint32_t threshold_of(float rate) { return static_cast<std::uint32_t>(ceilf(rate * 0x1.0p32F)); }  // drop words below
__device__ float kept_of(DropoutScale scale, float rate) {
  return scale == DropoutScale::train ? static_cast<float>(1.0 / (1.0 - static_cast<double>(rate))) : 1.0F;
}

// A thread makes 4 units: as a vector with kWidth 4, where one block of random words holds all their words; with 1, where 4 does not divide
// the units or the channels, one by one. An image begins with a new block of threads. In shared memory: the mask's two numbers, made once,
// since doubles are slow on most cards.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    dropout_mask_kernel(DropoutShape s, unsigned blocks_per_image, const StepParameters* step, const float* src, float* dst) {
  __shared__ std::uint32_t threshold;
  __shared__ float kept;
  if (threadIdx.x == 0) {
    const float rate = step->dropout_rate[static_cast<std::size_t>(s.slot)];
    threshold = threshold_of(rate);
    kept = kept_of(s.scale, rate);
  }
  __syncthreads();
  const unsigned n = blockIdx.x / blocks_per_image, sub = (blockIdx.x - n * blocks_per_image) * kThreads + threadIdx.x;
  const std::int64_t unit = static_cast<std::int64_t>(sub) * kPerThread, at = n * s.units + unit;
  if (unit >= s.units) return;
  const std::uint32_t stream = static_cast<std::uint32_t>(RandomStream::dropout) + static_cast<std::uint32_t>(s.slot);
  const auto words_of = [&](std::int64_t block) {
    return device_random_block(step->seed, stream, step->first_sample + n, static_cast<std::uint32_t>(block));
  };
  const auto masked = [&](std::uint32_t word, float x) { return word < threshold ? 0.0F : x * kept; };
  if constexpr (kWidth == 4) {
    const uint4 words = words_of(s.unit_of_network(unit) / 4);
    const Values<4> x = load<4>(src + at);
    store<4>(dst + at, {{masked(words.x, x[0]), masked(words.y, x[1]), masked(words.z, x[2]), masked(words.w, x[3])}});
  } else {
    std::int64_t block = -1;
    uint4 words{};
    for (int i = 0; i < kPerThread && unit + i < s.units; ++i) {
      const std::int64_t of_network = s.unit_of_network(unit + i), place = of_network % 4;
      if (of_network / 4 != block) words = words_of(block = of_network / 4);
      dst[at + i] = masked(place == 0 ? words.x : place == 1 ? words.y : place == 2 ? words.z : words.w, src[at + i]);
    }
  }
}

void dropout_mask(const DropoutShape& s, const StepParameters* step, const float* src, float* dst, CudaStream stream) {
  const unsigned blocks_per_image = blocks_for(s.units, kThreads * kPerThread);
  const bool holds_all = s.channels == s.all_channels;
  const bool is_wide = s.units % 4 == 0 && (holds_all || (s.channels % 4 | s.first_channel % 4 | s.all_channels % 4) == 0);
  launch(is_wide ? dropout_mask_kernel<4> : dropout_mask_kernel<1>, static_cast<unsigned>(s.N) * blocks_per_image, kThreads, 0, stream, s,
         blocks_per_image, step, src, dst);
}

}  // namespace

void dropout_forward_train(const DropoutShape& s, const StepParameters* step, const float* src, float* dst, CudaStream stream) {
  dropout_mask(s, step, src, dst, stream);
}

void dropout_backward_data(const DropoutShape& s, const StepParameters* step, const float* diff_dst, float* diff_src, CudaStream stream) {
  dropout_mask(s, step, diff_dst, diff_src, stream);
}

}  // namespace alexnet
