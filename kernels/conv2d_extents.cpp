#include "kernels/conv2d_extents.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

Conv2dExtents narrow(const Conv2dShape& s) {
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  for (const std::int64_t count : {s.N * s.OH * s.OW, s.N * s.IH * s.IW, s.IW * s.IC, s.OW * s.OC, s.num_weights()}) {
    if (count > kMost) {
      fail(ExitCode::internal, "conv2d on the GPU: {} pixels, weights or floats in a row, at most {} can be counted", count, kMost);
    }
  }
  const auto i = [](std::int64_t extent) { return static_cast<int>(extent); };
  return {i(s.N),
          i(s.IH),
          i(s.IW),
          i(s.IC),
          i(s.OH),
          i(s.OW),
          i(s.OC),
          i(s.KH),
          i(s.KW),
          i(s.SH),
          i(s.SW),
          i(s.pad.top),
          i(s.pad.left),
          i(s.groups),
          i(s.IC / s.groups),
          i(s.OC / s.groups)};
}

}  // namespace alexnet
