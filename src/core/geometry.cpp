#include "alexnet/core/geometry.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kMaxExtent = 1 << 20;

void check_positive(const std::string& layer, const char* what, std::int64_t value) {
  if (value < 1 || value > kMaxExtent) fail(ExitCode::configuration, "layer {}: {} is {}, must be 1 to {}", layer, what, value, kMaxExtent);
}

void check_src(const std::string& layer, std::int64_t N, Extent3 src) {
  check_positive(layer, "batch size", N);
  check_positive(layer, "input height", src.H);
  check_positive(layer, "input width", src.W);
  check_positive(layer, "number of input channels", src.C);
}

void check_padding(const std::string& layer, Padding pad, std::int64_t kernel_size) {
  for (const std::int64_t p : {pad.top, pad.left, pad.bottom, pad.right}) {
    if (p < 0 || p >= kernel_size)
      fail(ExitCode::configuration, "layer {}: pad is {}, must be 0 to kernel_size - 1 = {}", layer, p, kernel_size - 1);
  }
}

std::int64_t output_extent(const std::string& layer, const char* what, std::int64_t in, std::int64_t before, std::int64_t after,
                           std::int64_t kernel_size, std::int64_t stride) {
  const std::int64_t padded = in + before + after;
  if (padded < kernel_size) {
    fail(ExitCode::configuration, "layer {}: kernel_size {} is larger than the padded input {} of {} + {} + {}", layer, kernel_size, what,
         in, before, after);
  }
  return (padded - kernel_size) / stride + 1;
}

void check_groups(const std::string& layer, const char* what, std::int64_t channels, std::int64_t groups) {
  if (groups < 1 || channels % groups != 0) {
    fail(ExitCode::configuration, "layer {}: {} {} cannot be divided into {} columns", layer, channels, what, groups);
  }
}

void check_norm(const std::string& layer, std::int64_t size, float k, float alpha, float beta) {
  check_positive(layer, "size", size);
  if (size % 2 == 0) fail(ExitCode::configuration, "layer {}: size is {}, must be odd", layer, size);
  if (!(k > 0)) fail(ExitCode::configuration, "layer {}: k is {}, must be above 0", layer, k);
  if (!(alpha >= 0)) fail(ExitCode::configuration, "layer {}: alpha is {}, must be 0 or more", layer, alpha);
  if (!(beta > 0)) fail(ExitCode::configuration, "layer {}: beta is {}, must be above 0", layer, beta);
}

}  // namespace

Conv2dShape Conv2dShape::infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size,
                               std::int64_t stride, Padding pad, std::int64_t groups) {
  check_src(layer, N, src);
  check_positive(layer, "num_output", OC);
  check_positive(layer, "kernel_size", kernel_size);
  check_positive(layer, "stride", stride);
  check_padding(layer, pad, kernel_size);
  check_groups(layer, "input channels", src.C, groups);
  check_groups(layer, "outputs", OC, groups);
  const std::int64_t OH = output_extent(layer, "height", src.H, pad.top, pad.bottom, kernel_size, stride);
  const std::int64_t OW = output_extent(layer, "width", src.W, pad.left, pad.right, kernel_size, stride);
  return {N, src.H, src.W, src.C, OH, OW, OC, kernel_size, kernel_size, stride, stride, pad, groups};
}

PoolShape PoolShape::infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t kernel_size, std::int64_t stride,
                           Padding pad) {
  check_src(layer, N, src);
  check_positive(layer, "kernel_size", kernel_size);
  check_positive(layer, "stride", stride);
  check_padding(layer, pad, kernel_size);
  const std::int64_t OH = output_extent(layer, "height", src.H, pad.top, pad.bottom, kernel_size, stride);
  const std::int64_t OW = output_extent(layer, "width", src.W, pad.left, pad.right, kernel_size, stride);
  // pad < kernel_size: every window holds a pixel of the picture.
  return {N, src.H, src.W, src.C, OH, OW, kernel_size, kernel_size, stride, stride, pad};
}

LrnShape LrnShape::infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t groups, std::int64_t size, float k,
                         float alpha, float beta) {
  check_src(layer, N, src);
  check_groups(layer, "channels", src.C, groups);
  check_norm(layer, size, k, alpha, beta);
  return {N, src.H, src.W, src.C, groups, size, k, alpha, beta};
}

SpatialNormShape SpatialNormShape::infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t size, float k, float alpha,
                                         float beta) {
  check_src(layer, N, src);
  check_norm(layer, size, k, alpha, beta);
  return {N, src.H, src.W, src.C, size, k, alpha, beta};
}

FullyConnectedShape FullyConnectedShape::infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t OC,
                                               std::int64_t groups) {
  check_src(layer, N, src);
  check_positive(layer, "num_output", OC);
  check_groups(layer, "input channels", src.C, groups);
  check_groups(layer, "outputs", OC, groups);
  return {N, src.H, src.W, src.C, OC, groups};
}

InputShape InputShape::infer(std::int64_t N, std::int64_t IH, std::int64_t IW, std::int64_t crop, float scale) {
  check_src("input", N, {IH, IW, 3});
  check_positive("input", "crop", crop);
  if (crop > IH || crop > IW) {
    fail(ExitCode::configuration,
         "data.crop is {}, larger than the data set's pictures of {}x{}: set data.crop to {} or less, or prepare with a larger --size",
         crop, IH, IW, IH < IW ? IH : IW);
  }
  return {N, IH, IW, crop, crop, scale};
}

}  // namespace alexnet
