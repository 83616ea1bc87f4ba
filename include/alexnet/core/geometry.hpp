// The shape of every op, made by one function that checks it. Extents in the field's letters: N images, I* input, O* output,
// C channels, H rows, W columns, K* kernel, S* stride. Activations are NHWC, weights OHWI.
//
// `type`: how the activations and their gradients are stored, f32 or bf16; sums are f32 in both, and so are parameters and their
// gradients. src_type is diff_src's too, dst_type diff_dst's; src bf16 and dst f32 is the layer that gives the logits.
//
// Every `infer` throws Error(configuration) that names the layer, the extent and its value.
#pragma once

#include <cstdint>
#include <string>

#include "alexnet/core/dtype.hpp"

namespace alexnet {

struct Padding {  // pixels added at each edge
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool operator==(const Padding&) const = default;
};

// Height, width and channels of one image's activations.
struct Extent3 {
  std::int64_t H = 0, W = 0, C = 0;
  std::int64_t count() const { return H * W * C; }
  bool operator==(const Extent3&) const = default;
};

// src (N,IH,IW,IC), weights (OC,KH,KW,IC/groups), bias (OC), dst (N,OH,OW,OC); group g maps channels
// [g*IC/groups, (g+1)*IC/groups) to [g*OC/groups, (g+1)*OC/groups). OH = floor((IH + top + bottom - KH) / SH) + 1.
struct Conv2dShape {
  std::int64_t N, IH, IW, IC, OH, OW, OC, KH, KW, SH, SW;
  Padding pad;
  std::int64_t groups;
  DType src_type = DType::f32, dst_type = DType::f32;

  static Conv2dShape infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size,
                           std::int64_t stride, Padding pad, std::int64_t groups);
  Extent3 dst() const { return {OH, OW, OC}; }
  std::int64_t num_weights() const { return OC * KH * KW * (IC / groups); }
  std::int64_t macs_per_image() const { return OH * OW * OC * KH * KW * (IC / groups); }
};

// src (N,IH,IW,C), dst (N,OH,OW,C); floor as above. Padding never wins a maximum.
struct PoolShape {
  std::int64_t N, IH, IW, C, OH, OW, KH, KW, SH, SW;
  Padding pad;
  DType type = DType::f32;

  static PoolShape infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t kernel_size, std::int64_t stride, Padding pad);
  Extent3 dst() const { return {OH, OW, C}; }
};

// dst = src / (k + alpha * S)^beta; S: sum of src^2 over the `size` channels around c, clipped to c's group of C/groups channels.
// `alpha` is the factor of the sum itself: a config with `reduction: mean` is turned into alpha/size before it gets here.
struct LrnShape {
  std::int64_t N, H, W, C, groups, size;
  float k, alpha, beta;
  DType type = DType::f32;

  static LrnShape infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t groups, std::int64_t size, float k, float alpha,
                        float beta);
};

// The same formula with S over the size x size pixels around (h, w) of the same channel, clipped at the edges (CHM source; not in the
// paper).
struct SpatialNormShape {
  std::int64_t N, H, W, C, size;
  float k, alpha, beta;
  DType type = DType::f32;

  static SpatialNormShape infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t size, float k, float alpha, float beta);
};

// src (N,IH,IW,IC), weights (OC,IH,IW,IC/groups), bias (OC), dst (N,1,1,OC).
struct FullyConnectedShape {
  std::int64_t N, IH, IW, IC, OC, groups;
  DType src_type = DType::f32, dst_type = DType::f32;

  static FullyConnectedShape infer(const std::string& layer, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t groups);
  Extent3 dst() const { return {1, 1, OC}; }
  std::int64_t num_inputs() const { return IH * IW * IC; }  // of an image
  std::int64_t num_weights() const { return OC * IH * IW * (IC / groups); }
};

// `channels` of src (N,pixels,src_C) from src_first on become those of dst (N,pixels,dst_C) from dst_first on.
struct CopyChannelsShape {
  std::int64_t N, pixels, channels, src_C, src_first, dst_C, dst_first;
  bool zero_rest = false;  // dst's other channels become 0; else they stay
  DType src_type = DType::f32, dst_type = DType::f32;
};

// pixels (N,IH,IW,3) u8 -> dst (N,OH,OW,3): crop, flip, minus mean, plus colour noise, times scale.
struct InputShape {
  std::int64_t N, IH, IW, OH, OW;
  float scale;
  DType type = DType::f32;  // of dst

  static InputShape infer(std::int64_t N, std::int64_t IH, std::int64_t IW, std::int64_t crop, float scale);
  Extent3 dst() const { return {OH, OW, 3}; }
};

}  // namespace alexnet
