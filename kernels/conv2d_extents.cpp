#include "kernels/conv2d_extents.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

Conv2dExtents narrow(const Conv2dShape& s) {
  constexpr std::int64_t kMost = std::int64_t{1} << 30, kBeyond = 128;  // a tile may reach so many rows or taps beyond the end
  const std::int64_t taps = s.KH * s.KW * (s.IC / s.groups), rows = s.KH + kBeyond;
  for (const std::int64_t count : {s.N * s.OH * s.OW, s.N * s.IH * s.IW, rows * s.IW * s.IC, rows * s.OW * s.OC, (s.OC + kBeyond) * taps}) {
    if (count > kMost)
      fail(ExitCode::internal, "conv2d on the GPU: pixels, weights or a window are {}, at most {} are counted", count, kMost);
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
