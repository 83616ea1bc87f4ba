// dst[n,oh,ow,c] = sum of src[n, oh*SH - top + kh, ow*SW - left + kw, c] over the window's pixels inside the picture, divided by KH*KW
// (count_pad) or by their number. src (N,IH,IW,C), dst (N,OH,OW,C), overwritten.
#include "kernels/average_pool.hpp"
#include "kernels/common/launch.hpp"
#include "kernels/common/values.cuh"
#include "kernels/common/windows.cuh"

namespace alexnet {
namespace {

constexpr int kThreads = 256;

// A thread makes kWidth channels of one output; loads and loops as in max_pool_forward_kernel.
template <int kWidth, int kKernel>
__global__ void __launch_bounds__(kThreads) average_pool_forward_kernel(PoolShape s, bool count_pad, const float* src, float* dst) {
  Place at;
  if (!find_place<kThreads, kWidth>(s.OH, s.OW, s.C, at)) return;
  const PoolAxes axis = axes(s);
  const Interval rows = axis.h.places(at.h), columns = axis.w.places(at.w);
  const std::int64_t row_floats = s.IW * s.C;
  const float* window = src + at.n * s.IH * row_floats + axis.h.window_begin(at.h) * row_floats + axis.w.window_begin(at.w) * s.C + at.c;

  Values<kWidth> sum = filled<kWidth>(0.0F);
  const auto add = [&](Interval kh_range, Interval kw_range) {
    for (int kh = kh_range.first; kh < kh_range.end; ++kh) {
      for (int kw = kw_range.first; kw < kw_range.end; ++kw) {
        const Values<kWidth> x = load<kWidth>(window + kh * row_floats + kw * s.C);
        for (int i = 0; i < kWidth; ++i) sum[i] += x[i];
      }
    }
  };
  if (kKernel > 0 && rows.count() == kKernel && columns.count() == kKernel) {
    add({0, kKernel}, {0, kKernel});
  } else {
    add(rows, columns);
  }
  const auto divisor = static_cast<float>(count_pad ? axis.h.kernel * axis.w.kernel : rows.count() * columns.count());
  for (int i = 0; i < kWidth; ++i) sum[i] /= divisor;
  store<kWidth>(dst + ((at.n * s.OH + at.h) * s.OW + at.w) * s.C + at.c, sum);
}

}  // namespace

void average_pool_forward(const PoolShape& s, bool count_pad, const float* src, float* dst, CudaStream stream) {
  const int width = s.C % 4 == 0 ? 4 : 1;
  const auto kernel = width == 1               ? average_pool_forward_kernel<1, 0>
                      : s.KH == 3 && s.KW == 3 ? average_pool_forward_kernel<4, 3>
                                               : average_pool_forward_kernel<4, 0>;
  const auto blocks = static_cast<unsigned>(s.N * blocks_per_image(kThreads, width, s.OH, s.OW, s.C));
  launch(kernel, blocks, kThreads, 0, stream, s, count_pad, src, dst);
}

}  // namespace alexnet
