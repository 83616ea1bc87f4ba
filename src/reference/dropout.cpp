#include "alexnet/reference/dropout.hpp"

#include <cstddef>

#include "alexnet/core/rng.hpp"

namespace alexnet::reference {

std::vector<double> dropout(const DropoutMask& mask, std::int64_t N, std::int64_t units, double kept_factor,
                            const std::vector<double>& src) {
  const std::uint32_t stream = static_cast<std::uint32_t>(RandomStream::dropout) + static_cast<std::uint32_t>(mask.slot);
  std::vector<double> dst(src.size());
  for (std::int64_t n = 0; n < N; ++n) {
    for (std::int64_t u = 0; u < units; ++u) {
      const std::int64_t of_network = u / mask.channels * mask.all_channels + mask.first_channel + u % mask.channels;
      const RandomBlock block =
          random_block(mask.seed, stream, mask.first_sample + static_cast<std::uint64_t>(n), static_cast<std::uint32_t>(of_network / 4));
      const bool dropped = static_cast<double>(block[static_cast<std::size_t>(of_network % 4)]) < mask.rate * 4294967296.0;
      const auto i = static_cast<std::size_t>(n * units + u);
      dst[i] = dropped ? 0 : src[i] * kept_factor;
    }
  }
  return dst;
}

}  // namespace alexnet::reference
