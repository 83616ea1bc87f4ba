#include "kernels/input.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/input.hpp"
#include "emulator/profile.hpp"
#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

struct Inputs {
  Inputs(std::int64_t N, std::int64_t IH, std::int64_t IW, std::int64_t crop, bool per_colour)
      : shape(InputShape::infer(N, IH, IW, crop, 0.25F)), mean_is_per_colour(per_colour) {
    for (const float value : random_floats(static_cast<std::size_t>(N * IH * IW * 3), 1, 0, 255.99)) {
      pixels.push_back(static_cast<std::uint8_t>(value));
    }
    mean = random_floats(per_colour ? 3 : static_cast<std::size_t>(IH * IW * 3), 2, 100, 150);
    for (std::int64_t n = 0; n < N; ++n) {  // the picture's four corners, mirrored or not
      SampleTransform t;
      t.top = n % 2 == 0 ? 0 : static_cast<std::int32_t>(IH - crop);
      t.left = n % 4 < 2 ? 0 : static_cast<std::int32_t>(IW - crop);
      t.flip = n % 3 == 1 ? 1 : 0;
      t.noise = {1.5F + static_cast<float>(n), -2.25F, 0.1F};
      transforms.push_back(t);
    }
  }

  std::vector<float> run() const {
    const DeviceArray<std::uint8_t> x("pixels", pixels);
    const DeviceArray<SampleTransform> t("transforms", transforms);
    const DeviceArray<float> m("mean", mean), dst("dst", static_cast<std::size_t>(shape.N * shape.OH * shape.OW * 3));
    input_forward(shape, x.data(), t.data(), m.data(), mean_is_per_colour, dst.data(), nullptr);
    return dst.values();
  }

  InputShape shape;
  bool mean_is_per_colour;
  std::vector<std::uint8_t> pixels;
  std::vector<float> mean;
  std::vector<SampleTransform> transforms;
};

std::vector<Inputs> all_inputs() {
  std::vector<Inputs> inputs;
  for (const bool mean_is_per_colour : {false, true}) {
    inputs.emplace_back(7, 16, 13, 9, mean_is_per_colour);
    inputs.emplace_back(3, 1, 1, 1, mean_is_per_colour);
    inputs.emplace_back(2, 32, 32, 32, mean_is_per_colour);
    inputs.emplace_back(2, 256, 256, 224, mean_is_per_colour);
  }
  return inputs;
}

TEST(InputKernels, ForwardMatchesReference) {
  for_each_seed([] {
    for (const Inputs& in : all_inputs()) {
      EXPECT_TRUE(matches(in.run(), reference::input_forward(in.shape, in.pixels, in.transforms, doubles(in.mean)), kInputTolerance))
          << in.shape.OW << (in.mean_is_per_colour ? " mean by colour" : "");
    }
  });
}

// The operations of ops/input.hpp in their order, in f32.
TEST(InputKernels, ForwardIsTheFormulaBitForBit) {
  for (const Inputs& in : all_inputs()) {
    const InputShape& s = in.shape;
    const std::vector<float> dst = in.run();
    std::size_t i = 0;
    for (std::int64_t n = 0; n < s.N; ++n) {
      const SampleTransform& t = in.transforms[static_cast<std::size_t>(n)];
      for (std::int64_t h = 0; h < s.OH; ++h) {
        for (std::int64_t w = 0; w < s.OW; ++w) {
          for (std::size_t c = 0; c < 3; ++c) {
            const std::int64_t at = (t.top + h) * s.IW + t.left + (t.flip != 0 ? s.OW - 1 - w : w);
            const std::size_t value = static_cast<std::size_t>(3 * at) + c;
            const float pixel = static_cast<float>(in.pixels[static_cast<std::size_t>(n * s.IH * s.IW * 3) + value]);
            ASSERT_EQ(dst[i++], (pixel - in.mean[in.mean_is_per_colour ? c : value] + t.noise[c]) * s.scale) << n << " " << h << " " << w;
          }
        }
      }
    }
  }
}

TEST(InputKernels, ReadAndWriteWithoutGaps) {
  const Inputs in(4, 40, 40, 32, false);  // rows of 96 values: 3 requests each
  const emulator::Profile profile;
  in.run();
  const std::uint64_t values = 4 * 32 * 32 * 3, requests = values / 32;
  EXPECT_EQ(profile.line("dst_row[i] =").sectors, requests * 4);
  EXPECT_EQ(profile.line("dst_row[i] =").global_bytes, values * sizeof(float));
  // Where the crop begins within a sector, what is read touches one sector more. The three values of noise lie in two sectors at most.
  const emulator::LineCounts &pixel = profile.line("const auto pixel ="), &mean = profile.line("const float subtracted =");
  EXPECT_EQ(pixel.global_bytes, values);
  EXPECT_LE(pixel.sectors, requests * 2);
  EXPECT_EQ(mean.global_bytes, values * sizeof(float));
  EXPECT_LE(mean.sectors, requests * 5);
  EXPECT_LE(profile.line("const float noise =").sectors, requests * 2);
}

}  // namespace
}  // namespace alexnet::test
