#include "alexnet/ops/copy_channels.hpp"

#include "ops/checks.hpp"

namespace alexnet {

void check_copy_channels(const CopyChannelsShape& s, const Tensor& src, const Tensor& dst) {
  const auto check_inside = [&](const char* what, std::int64_t first, std::int64_t C) {
    if (first < 0 || s.channels < 1 || first + s.channels > C) {
      fail(ExitCode::internal, "copy_channels: channels {} to {} of {}, which has {}", first, first + s.channels, what, C);
    }
  };
  check_inside("src", s.src_first, s.src_C);
  check_inside("dst", s.dst_first, s.dst_C);
  check_rows("copy_channels: src", src, s.N, s.pixels * s.src_C, s.src_type);
  check_rows("copy_channels: dst", dst, s.N, s.pixels * s.dst_C, s.dst_type);
}

}  // namespace alexnet
