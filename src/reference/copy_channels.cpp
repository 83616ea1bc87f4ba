#include "alexnet/reference/copy_channels.hpp"

#include <cstddef>

namespace alexnet::reference {

std::vector<double> copy_channels(const CopyChannelsShape& s, const std::vector<double>& src, std::vector<double> dst) {
  for (std::int64_t row = 0; row < s.N * s.pixels; ++row) {
    for (std::int64_t channel = 0; channel < s.dst_C; ++channel) {
      const std::int64_t c = channel - s.dst_first;
      double& value = dst[static_cast<std::size_t>(row * s.dst_C + channel)];
      if (c >= 0 && c < s.channels) {
        value = src[static_cast<std::size_t>(row * s.src_C + s.src_first + c)];
      } else if (s.zero_rest) {
        value = 0;
      }
    }
  }
  return dst;
}

}  // namespace alexnet::reference
