// dst[n,h,w,c] = (pixels[n,y,x,c] - mean[y,x,c] + noise[n][c]) * scale,  y = top + h,  x = left + (flip ? OW-1-w : w); in f32 and in this
// order, as on the CPU: the same bits. pixels (N,IH,IW,3) u8; mean (IH,IW,3), or 3 values, one a colour; dst (N,OH,OW,3), overwritten.
// Section 4.1 of the paper.
#include "kernels/common/launch.hpp"
#include "kernels/input.hpp"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

// A block makes one row of one picture, a thread every 256th value of it. Lanes side by side have bytes, means and results side by side;
// mirrored, pixels run backwards, within the same sectors. The crop decides where a row of pixels begins in its sector, so that reads may
// touch one sector more than they need.
__global__ void __launch_bounds__(kThreads)
    input_forward_kernel(InputShape s, const std::uint8_t* pixels, const SampleTransform* transforms, const float* mean,
                         bool mean_is_per_colour, float* dst) {
  const auto OH = static_cast<unsigned>(s.OH);
  const unsigned n = blockIdx.x / OH, h = blockIdx.x - n * OH;
  const SampleTransform& t = transforms[n];
  const std::int64_t first = (static_cast<std::int64_t>(t.top + static_cast<int>(h)) * s.IW + t.left) * 3;  // in the stored picture
  const std::uint8_t* pixel_row = pixels + static_cast<std::int64_t>(n) * s.IH * s.IW * 3 + first;
  const float* mean_row = mean_is_per_colour ? mean : mean + first;
  float* dst_row = dst + static_cast<std::int64_t>(blockIdx.x) * s.OW * 3;
  const int OW = static_cast<int>(s.OW);
  const bool flip = t.flip != 0;
  for (int i = static_cast<int>(threadIdx.x); i < 3 * OW; i += kThreads) {
    const int w = i / 3, c = i - 3 * w, from = flip ? 3 * (OW - 1 - w) + c : i;
    const auto pixel = static_cast<float>(pixel_row[from]);
    const float subtracted = mean_row[mean_is_per_colour ? c : from];
    const float noise = t.noise[static_cast<std::size_t>(c)];
    dst_row[i] = (pixel - subtracted + noise) * s.scale;
  }
}

}  // namespace

void input_forward(const InputShape& s, const std::uint8_t* pixels, const SampleTransform* transforms, const float* mean,
                   bool mean_is_per_colour, float* dst, CudaStream stream) {
  launch(input_forward_kernel, static_cast<unsigned>(s.N * s.OH), kThreads, 0, stream, s, pixels, transforms, mean, mean_is_per_colour,
         dst);
}

}  // namespace alexnet
