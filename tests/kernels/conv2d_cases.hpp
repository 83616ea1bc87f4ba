// Shapes and data that the tests of the three passes of convolution share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "alexnet/core/geometry.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "emulator/profile.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {

using Conv2dCase = reference::NamedConv2d;

inline Conv2dCase conv2d_case(const char* name, std::int64_t N, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride,
                              Padding pad, std::int64_t groups) {
  return {name, Conv2dShape::infer(name, N, src, OC, kernel_size, stride, pad, groups)};
}

// Extents and channels that divide nothing, every kind of padding, groups, strides. The last ones are large enough for
// tiles of 128 rows, columns or both.
inline std::vector<Conv2dCase> awkward_conv2d_cases() {
  return {
      conv2d_case("one_pixel", 1, {1, 1, 1}, 1, 1, 1, {}, 1),
      conv2d_case("pointwise", 3, {13, 13, 7}, 5, 1, 1, {}, 1),
      conv2d_case("same_13", 3, {13, 13, 16}, 32, 3, 1, {1, 1, 1, 1}, 1),
      conv2d_case("odd_channels_27", 3, {27, 27, 13}, 11, 5, 1, {2, 2, 2, 2}, 1),
      conv2d_case("quads_in_odd_channels_out", 3, {9, 11, 12}, 70, 3, 1, {1, 1, 1, 1}, 1),
      conv2d_case("odd_channels_in_quads_out", 3, {9, 11, 3}, 68, 3, 1, {1, 1, 1, 1}, 1),
      conv2d_case("ceil_55", 1, {224, 224, 1}, 3, 11, 4, {0, 0, 3, 3}, 1),
      conv2d_case("top_left_only", 3, {13, 27, 4}, 8, 3, 2, {2, 1, 0, 0}, 1),
      conv2d_case("stride_beyond_kernel", 2, {11, 13, 4}, 4, 1, 2, {}, 1),
      conv2d_case("stride_4_of_3", 2, {13, 15, 4}, 8, 3, 4, {1, 2, 2, 0}, 1),
      conv2d_case("two_groups", 3, {13, 13, 32}, 64, 3, 1, {1, 1, 1, 1}, 2),
      conv2d_case("two_odd_groups", 3, {13, 13, 6}, 10, 5, 2, {1, 2, 0, 1}, 2),
      conv2d_case("three_groups", 3, {7, 5, 12}, 24, 3, 1, {0, 1, 2, 1}, 3),
      conv2d_case("depthwise", 3, {9, 9, 8}, 8, 3, 1, {1, 1, 1, 1}, 8),
      conv2d_case("wide_forward", 3, {75, 75, 4}, 126, 1, 1, {}, 1),
      conv2d_case("wide_backward", 3, {75, 75, 124}, 12, 1, 1, {}, 1),
      conv2d_case("tall", 3, {75, 75, 8}, 60, 1, 1, {}, 1),
      conv2d_case("tall_odd", 3, {77, 73, 3}, 50, 3, 1, {1, 0, 0, 1}, 1),
      conv2d_case("wide_weights", 1, {66, 128, 108}, 100, 1, 1, {}, 1),
      conv2d_case("tall_weights", 1, {66, 128, 60}, 100, 1, 1, {}, 1),
      conv2d_case("flat_forward", 1, {7, 9, 528}, 132 * 126, 1, 1, {}, 132),
      conv2d_case("flat_backward", 1, {7, 9, 132 * 124}, 528, 1, 1, {}, 132),
  };
}

// Real-number data: one shape of float4, one of single floats.
inline std::vector<Conv2dCase> deterministic_conv2d_cases() {
  return {conv2d_case("quads", 3, {13, 13, 24}, 40, 3, 1, {1, 1, 1, 1}, 2), conv2d_case("odd", 2, {27, 25, 3}, 9, 5, 2, {2, 1, 0, 1}, 1)};
}

// Loads of single floats, with tiles of 64 and of 128 rows.
inline std::vector<Conv2dCase> odd_conv2d_cases() {
  return {conv2d_case("odd", 3, {13, 13, 7}, 70, 3, 1, {1, 1, 1, 1}, 1), conv2d_case("large_odd", 1, {131, 131, 3}, 65, 1, 1, {}, 1)};
}

// The five of AlexNet at batch 1, nothing else reduced: 0.7 billion multiply-adds a pass.
inline std::vector<Conv2dCase> alexnet_conv2d_cases() {
  const auto shapes = reference::alexnet_conv2d_shapes(1);
  return {shapes.begin(), shapes.end()};
}

// A convolution's tensors with data of one kind, as floats; the reference takes doubles(...).
struct Conv2dData {
  std::vector<float> src, weights, bias, diff_dst;

  Conv2dData(const Conv2dShape& s, bool integers) {
    const auto make = [integers](std::int64_t count, std::uint64_t seed) {
      std::vector<float> values = random_floats(static_cast<std::size_t>(count), seed, -4.5, 4.5);
      for (float& x : values) x = integers ? std::nearbyint(x) : x;
      return values;
    };
    src = make(s.N * s.IH * s.IW * s.IC, 1);
    weights = make(s.num_weights(), 2);
    bias = make(s.OC, 3);
    diff_dst = make(s.N * s.OH * s.OW * s.OC, 4);
  }
};

inline std::vector<float> run_forward(const Conv2dShape& s, const Conv2dData& data, bool relu) {
  using emulator::DeviceArray;
  const DeviceArray<float> src("src", data.src), weights("weights", data.weights), bias("bias", data.bias);
  const DeviceArray<float> dst("dst", data.diff_dst.size());
  conv2d_forward(s, relu, src.data(), weights.data(), bias.data(), dst.data(), nullptr);
  return dst.values();
}

inline std::vector<float> run_backward_data(const Conv2dShape& s, const Conv2dData& data) {
  using emulator::DeviceArray;
  const DeviceArray<float> diff_dst("diff_dst", data.diff_dst), weights("weights", data.weights);
  const DeviceArray<float> diff_src("diff_src", data.src.size());
  conv2d_backward_data(s, diff_dst.data(), weights.data(), diff_src.data(), nullptr);
  return diff_src.values();
}

inline std::vector<float> run_backward_weights(const Conv2dShape& s, const Conv2dData& data) {
  using emulator::DeviceArray;
  const DeviceArray<float> src("src", data.src), diff_dst("diff_dst", data.diff_dst);
  const DeviceArray<float> scratch("scratch", conv2d_backward_weights_scratch_bytes(s) / sizeof(float));
  const DeviceArray<float> diff_weights("diff_weights", data.weights.size());
  conv2d_backward_weights(s, src.data(), diff_dst.data(), diff_weights.data(), scratch.data(), nullptr);
  return diff_weights.values();
}

// What a pass asked of memory in `blocks` whole tiles of rows x columns over K: every element of the operands once, a quarter of a shared
// load a multiply-add at most, no bank asked twice, no sector touched in vain.
inline void expect_lean(const emulator::Profile& profile, std::uint64_t blocks, std::uint64_t rows, std::uint64_t columns, std::uint64_t K,
                        std::uint64_t written_bytes) {
  std::uint64_t shared_reads = 0;
  for (const char* fragment : {"float4 a0 =", "float4 a1 =", "float4 b0 =", "float4 b1 ="}) shared_reads += profile.line(fragment).reads;
  const emulator::LineCounts total = profile.total();
  const std::uint64_t operand_bytes = blocks * (rows + columns) * K * sizeof(float);
  const emulator::LineCounts& read = profile.line("= *reinterpret_cast<const float4*>(from)");
  const emulator::LineCounts& written = profile.line("*reinterpret_cast<float4*>(to) =");
  EXPECT_EQ(read.global_bytes, operand_bytes) << profile.table();
  EXPECT_LE(static_cast<double>(total.global_bytes - written_bytes), 1.1 * static_cast<double>(operand_bytes)) << profile.table();
  EXPECT_LE(4 * shared_reads, blocks * rows * columns * K) << profile.table();
  EXPECT_EQ(total.bank_conflicts(), 0U) << profile.table();
  EXPECT_EQ(read.sectors, read.least_sectors) << profile.table();
  EXPECT_EQ(written.sectors, written.least_sectors) << profile.table();
}

}  // namespace alexnet::test
