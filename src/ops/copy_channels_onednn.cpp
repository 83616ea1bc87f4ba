// The copy of channels on the CPU: a loop over the pixels, at the speed of memory.
#include "alexnet/ops/copy_channels.hpp"

#include <omp.h>

#include <algorithm>

#include "alexnet/core/simd.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

template <class From, class To>
ALEXNET_SIMD void convert(const From* src, std::int64_t count, To* dst) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dst[i] = stored<To>(to_float(src[i]));
}

// Without arithmetic: a NaN keeps its bits.
template <class T>
void convert(const T* src, std::int64_t count, T* dst) {
  std::copy_n(src, count, dst);
}

class CopyChannelsOnednn final : public CopyChannels {
 public:
  explicit CopyChannelsOnednn(const CopyChannelsShape& shape) : s_(shape), num_threads_(omp_get_max_threads()) {}

  void forward(const Tensor& src, const Tensor& dst) override {
    check_copy_channels(s_, src, dst);
    with_storage_of(s_.src_type,
                    [&]<class From>(From) { with_storage_of(s_.dst_type, [&]<class To>(To) { copy(src.data<From>(), dst.data<To>()); }); });
  }

 private:
  template <class From, class To>
  void copy(const From* src, To* dst) const {
    const std::int64_t rows = s_.N * s_.pixels, end = s_.dst_first + s_.channels;
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t row = 0; row < rows; ++row) {
      To* to = dst + row * s_.dst_C;
      convert(src + row * s_.src_C + s_.src_first, s_.channels, to + s_.dst_first);
      if (!s_.zero_rest) continue;
      std::fill_n(to, s_.dst_first, To{});
      std::fill_n(to + end, s_.dst_C - end, To{});
    }
  }

  CopyChannelsShape s_;
  int num_threads_;
};

}  // namespace

std::unique_ptr<CopyChannels> make_copy_channels_onednn(const CopyChannelsShape& shape) {
  return std::make_unique<CopyChannelsOnednn>(shape);
}

}  // namespace alexnet
