// diff_src[n,ih,iw,c] = sum of diff_dst[n,oh,ow,c] / divisor over the outputs whose window holds (ih, iw); divisor: KH*KW (count_pad) or
// the number of the window's pixels inside the picture. diff_src (N,IH,IW,C), overwritten; diff_dst (N,OH,OW,C).
#include "kernels/average_pool.hpp"
#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"
#include "kernels/common/windows.cuh"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

// A thread makes kWidth channels of one input pixel from the windows that hold it, in row-major order: no atomics, nothing to clear.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    average_pool_backward_data_kernel(PoolShape s, bool count_pad, const float* diff_dst, float* diff_src) {
  Place at;
  if (!find_place<kThreads, kWidth>(s.IH, s.IW, s.C, at)) return;
  const PoolAxes axis = axes(s);
  const Interval rows = axis.h.windows_with(at.h), columns = axis.w.windows_with(at.w);
  Values<kWidth> sum = filled<kWidth>(0.0F);
  for (int oh = rows.first; oh < rows.end; ++oh) {
    for (int ow = columns.first; ow < columns.end; ++ow) {
      const Values<kWidth> gradient = load<kWidth>(diff_dst + ((at.n * s.OH + oh) * s.OW + ow) * s.C + at.c);
      const int pixels = count_pad ? axis.h.kernel * axis.w.kernel : axis.h.places(oh).count() * axis.w.places(ow).count();
      const float factor = 1.0F / static_cast<float>(pixels);
      for (int i = 0; i < kWidth; ++i) sum[i] += factor * gradient[i];
    }
  }
  store<kWidth>(diff_src + ((at.n * s.IH + at.h) * s.IW + at.w) * s.C + at.c, sum);
}

}  // namespace

void average_pool_backward_data(const PoolShape& s, bool count_pad, const float* diff_dst, float* diff_src, CudaStream stream) {
  const int width = s.C % 4 == 0 ? 4 : 1;
  const auto blocks = static_cast<unsigned>(s.N * blocks_per_image(kThreads, width, s.IH, s.IW, s.C));
  launch(width == 4 ? average_pool_backward_data_kernel<4> : average_pool_backward_data_kernel<1>, blocks, kThreads, 0, stream, s,
         count_pad, diff_dst, diff_src);
}

}  // namespace alexnet
