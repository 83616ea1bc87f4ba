#include "alexnet/ops/input.hpp"

#include "alexnet/core/error.hpp"
#include "ops/checks.hpp"

namespace alexnet {

void check_forward(const InputShape& s, const Tensor& pixels, const Tensor& mean, const Tensor& dst) {
  check_tensor("input: pixels", pixels, Shape{s.N, s.IH, s.IW, 3}, DType::u8);
  if (!(mean.shape() == Shape{1, 1, 3})) check_tensor("input: mean", mean, Shape{s.IH, s.IW, 3}, DType::f32);
  check_count("input: mean", mean, mean.count(), DType::f32);
  check_tensor("input: dst", dst, Shape{s.N, s.OH, s.OW, 3}, s.type);
}

void check_transforms(const InputShape& s, std::span<const SampleTransform> transforms) {
  for (std::size_t n = 0; n < transforms.size(); ++n) {
    const SampleTransform& t = transforms[n];
    if (t.top < 0 || t.left < 0 || t.top > s.IH - s.OH || t.left > s.IW - s.OW) {
      fail(ExitCode::internal, "input: crop of {}x{} at top {}, left {} of picture {} leaves the stored {}x{}", s.OH, s.OW, t.top, t.left,
           n, s.IH, s.IW);
    }
  }
}

}  // namespace alexnet
