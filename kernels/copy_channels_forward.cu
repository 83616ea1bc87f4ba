// dst[n, p, dst_first + c] = src[n, p, src_first + c] for c < channels; src (N, pixels, src_C), dst (N, pixels, dst_C). The other channels
// of dst become 0 with zero_rest, else they are not touched. No arithmetic.
#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"
#include "kernels/common/windows.cuh"
#include "kernels/copy_channels.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

// A thread writes kWidth channels of one pixel: of those that are copied, or of all of dst's with zero_rest. Neighbours write and read side
// by side, so the copy runs at the speed of memory; nothing is kept in shared memory.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    copy_channels_forward_kernel(CopyChannelsShape s, std::int64_t first_written, std::int64_t written, const float* src, float* dst) {
  Place place;
  if (!find_place<kThreads, kWidth>(s.pixels, 1, written, place)) return;
  const std::int64_t pixel = place.n * s.pixels + place.h, channel = first_written + place.c, c = channel - s.dst_first;
  const bool is_copied = c >= 0 && c < s.channels;
  store<kWidth>(dst + pixel * s.dst_C + channel, is_copied ? load<kWidth>(src + pixel * s.src_C + s.src_first + c) : filled<kWidth>(0.0F));
}

}  // namespace

void copy_channels_forward(const CopyChannelsShape& s, const float* src, float* dst, CudaStream stream) {
  const std::int64_t first_written = s.zero_rest ? 0 : s.dst_first, written = s.zero_rest ? s.dst_C : s.channels;
  const bool is_wide = (s.channels % 4 | s.src_C % 4 | s.src_first % 4 | s.dst_C % 4 | s.dst_first % 4) == 0;
  const std::int64_t blocks = s.N * blocks_per_image(kThreads, is_wide ? 4 : 1, s.pixels, 1, written);
  launch(is_wide ? copy_channels_forward_kernel<4> : copy_channels_forward_kernel<1>, static_cast<unsigned>(blocks), kThreads, 0, stream, s,
         first_written, written, src, dst);
}

}  // namespace alexnet
