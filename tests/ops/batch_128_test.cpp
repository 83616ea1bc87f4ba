// The layers of AlexNet with weights at batch 128: 4,096 sampled outputs of every pass, each from its formula. A fully connected layer
// is written as the convolution whose kernel covers the picture.
#include <gmock/gmock.h>

#include "alexnet/core/rng.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/weighted_passes.hpp"

namespace alexnet::test {
namespace {

constexpr std::int64_t kBatchSize = 128;
constexpr std::size_t kNumSamples = 4096;

struct Index4 {  // (n, h, w, c) of an activation, (oc, kh, kw, ic) of a weight
  std::int64_t a, b, c, d;
};

std::vector<Index4> sample_indices(const Shape& shape, std::uint64_t seed) {
  std::vector<Index4> samples;
  for (std::size_t i = 0; i < kNumSamples; ++i) {
    const RandomBlock r = random_block(seed, 1002, i, 0);
    samples.push_back({r[0] % shape[0], r[1] % shape[1], r[2] % shape[2], r[3] % shape[3]});
  }
  return samples;
}

struct View {  // of a tensor of rank 4
  explicit View(const GuardedTensor& t) : data(t.values().data()), shape(t.tensor().shape()) {}
  double operator()(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) const {
    return data[((a * shape[1] + b) * shape[2] + c) * shape[3] + d];
  }
  double operator()(const Index4& i) const { return (*this)(i.a, i.b, i.c, i.d); }
  const float* data;
  Shape shape;
};

bool inside(std::int64_t i, std::int64_t extent) { return i >= 0 && i < extent; }

double dst_at(const Conv2dShape& s, const View& src, const View& weights, std::span<const float> bias, const Index4& at) {
  const auto [n, oh, ow, oc] = at;
  const std::int64_t ICG = s.IC / s.groups, first = oc / (s.OC / s.groups) * ICG;
  double sum = bias[static_cast<std::size_t>(oc)];
  for (std::int64_t kh = 0; kh < s.KH; ++kh) {
    for (std::int64_t kw = 0; kw < s.KW; ++kw) {
      const std::int64_t ih = oh * s.SH - s.pad.top + kh, iw = ow * s.SW - s.pad.left + kw;
      if (!inside(ih, s.IH) || !inside(iw, s.IW)) continue;
      for (std::int64_t ic = 0; ic < ICG; ++ic) sum += src(n, ih, iw, first + ic) * weights(oc, kh, kw, ic);
    }
  }
  return sum;
}

double diff_src_at(const Conv2dShape& s, const View& diff_dst, const View& weights, const Index4& at) {
  const auto [n, ih, iw, ic] = at;
  const std::int64_t ICG = s.IC / s.groups, OCG = s.OC / s.groups, group = ic / ICG;
  double sum = 0;
  for (std::int64_t kh = 0; kh < s.KH; ++kh) {
    for (std::int64_t kw = 0; kw < s.KW; ++kw) {
      const std::int64_t h = ih + s.pad.top - kh, w = iw + s.pad.left - kw;  // oh * SH, ow * SW
      if (h % s.SH != 0 || w % s.SW != 0 || !inside(h / s.SH, s.OH) || !inside(w / s.SW, s.OW) || h < 0 || w < 0) continue;
      for (std::int64_t oc = group * OCG; oc < (group + 1) * OCG; ++oc) {
        sum += diff_dst(n, h / s.SH, w / s.SW, oc) * weights(oc, kh, kw, ic % ICG);
      }
    }
  }
  return sum;
}

// All samples at once, image by image: the pictures are read in order.
Doubles diff_weights_at(const Conv2dShape& s, const View& src, const View& diff_dst, const std::vector<Index4>& samples) {
  const std::int64_t ICG = s.IC / s.groups, OCG = s.OC / s.groups;
  Doubles sums(samples.size(), 0.0);
#pragma omp parallel
  {
    Doubles mine(samples.size(), 0.0);
#pragma omp for collapse(2)
    for (std::int64_t n = 0; n < s.N; ++n) {
      for (std::int64_t oh = 0; oh < s.OH; ++oh) {
        for (std::int64_t ow = 0; ow < s.OW; ++ow) {
          for (std::size_t i = 0; i < samples.size(); ++i) {
            const auto [oc, kh, kw, ic] = samples[i];
            const std::int64_t ih = oh * s.SH - s.pad.top + kh, iw = ow * s.SW - s.pad.left + kw;
            if (inside(ih, s.IH) && inside(iw, s.IW)) mine[i] += diff_dst(n, oh, ow, oc) * src(n, ih, iw, oc / OCG * ICG + ic);
          }
        }
      }
    }
#pragma omp critical
    for (std::size_t i = 0; i < samples.size(); ++i) sums[i] += mine[i];  // integers: any order
  }
  return sums;
}

template <class OpType>
void expect_samples_match(const Conv2dShape& s, WeightedPasses<OpType> passes, bool has_backward_data) {
  passes.fill_integers();
  const View src(passes.src), weights(passes.weights), dst(passes.dst), diff_dst(passes.diff_dst), diff_src(passes.diff_src),
      diff_weights(passes.diff_weights);
  const auto compare = [](const View& actual, const std::vector<Index4>& samples, const auto& expected) {
    Doubles a, e;
    for (const Index4& at : samples) {
      a.push_back(actual(at));
      e.push_back(expected(at));
    }
    return matches(std::span<const double>(a), std::span<const double>(e), kExact);
  };

  passes.forward();
  EXPECT_TRUE(
      compare(dst, sample_indices(dst.shape, 1), [&](const Index4& at) { return dst_at(s, src, weights, passes.bias.values(), at); }));
  if (has_backward_data) {
    passes.backward_data();
    EXPECT_TRUE(
        compare(diff_src, sample_indices(diff_src.shape, 2), [&](const Index4& at) { return diff_src_at(s, diff_dst, weights, at); }));
  }
  passes.backward_weights();
  const auto samples = sample_indices(diff_weights.shape, 3);
  const Doubles expected = diff_weights_at(s, src, diff_dst, samples);
  std::size_t i = 0;
  EXPECT_TRUE(compare(diff_weights, samples, [&](const Index4&) { return expected[i++]; }));
}

class Batch128Test : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    if (reduced()) GTEST_SKIP() << "ALEXNET_TEST_REDUCED is set";
  }
};

class Conv2dBatch128Test : public Batch128Test {};
INSTANTIATE_TEST_SUITE_P(Layers, Conv2dBatch128Test, ::testing::Range<std::size_t>(0, 5),
                         [](const auto& layer) { return reference::alexnet_conv2d_shapes(1).at(layer.param).name; });

TEST_P(Conv2dBatch128Test, SampledOutputsMatch) {
  const auto [name, s] = reference::alexnet_conv2d_shapes(kBatchSize).at(GetParam());
  expect_samples_match<Conv2d>(
      s, {make_conv2d_onednn(s, Epilogue::none), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC}},
      name != "conv1");  // the pictures need no gradient
}

class FullyConnectedBatch128Test : public Batch128Test {};
INSTANTIATE_TEST_SUITE_P(Layers, FullyConnectedBatch128Test, ::testing::Range<std::size_t>(0, 3),
                         [](const auto& layer) { return reference::alexnet_fully_connected_shapes(1).at(layer.param).name; });

TEST_P(FullyConnectedBatch128Test, SampledOutputsMatch) {
  const auto s = reference::alexnet_fully_connected_shapes(kBatchSize).at(GetParam()).shape;
  expect_samples_match<FullyConnected>(
      {s.N, s.IH, s.IW, s.IC, 1, 1, s.OC, s.IH, s.IW, 1, 1, Padding{}, s.groups},
      {make_fully_connected_onednn(s, Epilogue::none), {s.N, s.IH, s.IW, s.IC}, {s.OC, s.IH, s.IW, s.IC}, {s.N, 1, 1, s.OC}}, true);
}

}  // namespace
}  // namespace alexnet::test
