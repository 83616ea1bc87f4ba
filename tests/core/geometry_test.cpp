#include "alexnet/core/geometry.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

Conv2dShape conv(Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride, Padding pad, std::int64_t groups,
                 std::int64_t N = 1) {
  return Conv2dShape::infer("conv9", N, src, OC, kernel_size, stride, pad, groups);
}

constexpr Padding kPad1{1, 1, 1, 1};

TEST(Conv2dShape, TheFiveLayersOfThePaper) {
  const Conv2dShape conv1 = conv({224, 224, 3}, 96, 11, 4, {0, 0, 3, 3}, 1, 128);
  EXPECT_EQ(conv1.dst(), (Extent3{55, 55, 96}));
  EXPECT_EQ(conv1.N, 128);
  EXPECT_EQ(conv({227, 227, 3}, 96, 11, 4, {}, 1).dst(), (Extent3{55, 55, 96}));
  EXPECT_EQ(conv({224, 224, 3}, 96, 11, 4, {}, 1).dst(), (Extent3{54, 54, 96}));  // floor without the 3 pixels

  const Conv2dShape conv2 = conv({27, 27, 96}, 256, 5, 1, {2, 2, 2, 2}, 2);
  const Conv2dShape conv3 = conv({13, 13, 256}, 384, 3, 1, kPad1, 1);
  const Conv2dShape conv4 = conv({13, 13, 384}, 384, 3, 1, kPad1, 2);
  const Conv2dShape conv5 = conv({13, 13, 384}, 256, 3, 1, kPad1, 2);
  EXPECT_EQ(conv2.dst(), (Extent3{27, 27, 256}));
  EXPECT_EQ(conv5.dst(), (Extent3{13, 13, 256}));
  const std::int64_t macs[] = {105415200, 223948800, 149520384, 112140288, 74760192};
  const std::int64_t weights[] = {34848, 307200, 884736, 663552, 442368};
  const Conv2dShape* shapes[] = {&conv1, &conv2, &conv3, &conv4, &conv5};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(shapes[i]->macs_per_image(), macs[i]) << "conv" << i + 1;
    EXPECT_EQ(shapes[i]->num_weights(), weights[i]) << "conv" << i + 1;
  }
}

TEST(Conv2dShape, RefusesNonsense) {
  const Extent3 src{13, 13, 8};
  expect_error(ExitCode::configuration, {"conv9", "batch size is 0"}, [&] { conv(src, 8, 3, 1, {}, 1, 0); });
  expect_error(ExitCode::configuration, {"conv9", "batch size is -3"}, [&] { conv(src, 8, 3, 1, {}, 1, -3); });
  expect_error(ExitCode::configuration, {"conv9", "input height is 0"}, [&] { conv({0, 13, 8}, 8, 3, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "input width is -1"}, [&] { conv({13, -1, 8}, 8, 3, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "input channels is 0"}, [&] { conv({13, 13, 0}, 8, 3, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "num_output is 0"}, [&] { conv(src, 0, 3, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "num_output is 1048577", "1048576"}, [&] { conv(src, 1048577, 3, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "kernel_size is 0"}, [&] { conv(src, 8, 0, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "stride is 0"}, [&] { conv(src, 8, 3, 0, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "pad is 3", "kernel_size - 1 = 2"}, [&] { conv(src, 8, 3, 1, {0, 0, 3, 0}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "pad is -1"}, [&] { conv(src, 8, 3, 1, {-1, 0, 0, 0}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "kernel_size 15", "height of 13"}, [&] { conv(src, 8, 15, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "kernel_size 15", "width of 13"}, [&] { conv({15, 13, 8}, 8, 15, 1, {}, 1); });
  expect_error(ExitCode::configuration, {"conv9", "8 input channels", "3 columns"}, [&] { conv(src, 9, 3, 1, {}, 3); });
  expect_error(ExitCode::configuration, {"conv9", "9 outputs", "2 columns"}, [&] { conv(src, 9, 3, 1, {}, 2); });
  expect_error(ExitCode::configuration, {"conv9", "0 columns"}, [&] { conv(src, 8, 3, 1, {}, 0); });
}

PoolShape pool(std::int64_t extent, std::int64_t kernel_size, std::int64_t stride, Padding pad = {}) {
  return PoolShape::infer("pool9", 1, {extent, extent, 8}, kernel_size, stride, pad);
}

TEST(PoolShape, Positions) {
  EXPECT_EQ(pool(55, 3, 2).dst(), (Extent3{27, 27, 8}));
  EXPECT_EQ(pool(27, 3, 2).dst(), (Extent3{13, 13, 8}));
  EXPECT_EQ(pool(13, 3, 2).dst(), (Extent3{6, 6, 8}));
  // CIFAR-10: one pixel more at the right and bottom is what counting with ceil amounts to.
  EXPECT_EQ(pool(32, 3, 2, {0, 0, 1, 1}).dst(), (Extent3{16, 16, 8}));
  EXPECT_EQ(pool(16, 3, 2, {0, 0, 1, 1}).dst(), (Extent3{8, 8, 8}));
}

TEST(PoolShape, RefusesNonsense) {
  expect_error(ExitCode::configuration, {"pool9", "kernel_size is -2"}, [] { pool(13, -2, 2); });
  expect_error(ExitCode::configuration, {"pool9", "stride is 0"}, [] { pool(13, 3, 0); });
  expect_error(ExitCode::configuration, {"pool9", "pad is 3"}, [] { pool(13, 3, 2, {3, 0, 0, 0}); });
  expect_error(ExitCode::configuration, {"pool9", "kernel_size 14", "height of 13"}, [] { pool(13, 14, 1); });
  expect_error(ExitCode::configuration, {"pool9", "batch size is 0"}, [] { PoolShape::infer("pool9", 0, {13, 13, 8}, 3, 2, {}); });
}

// Less padding than the kernel is wide: the last window still begins on a pixel of the picture.
TEST(PoolShape, EveryWindowSeesThePicture) {
  for (std::int64_t extent = 1; extent < 9; ++extent) {
    for (std::int64_t kernel_size = 1; kernel_size < 6; ++kernel_size) {
      for (std::int64_t stride = 1; stride < 6; ++stride) {
        const std::int64_t most = kernel_size - 1;
        const PoolShape s = pool(extent, kernel_size, stride, {most, most, most, most});
        EXPECT_LT((s.OH - 1) * stride, extent + most);
        EXPECT_LT((s.OW - 1) * stride, extent + most);
      }
    }
  }
}

TEST(LrnShape, RefusesNonsense) {
  const auto lrn = [](std::int64_t groups, std::int64_t size, float k, float alpha, float beta) {
    return LrnShape::infer("lrn9", 2, {13, 13, 96}, groups, size, k, alpha, beta);
  };
  EXPECT_NO_THROW(lrn(2, 5, 2, 1e-4F, 0.75F));
  EXPECT_NO_THROW(lrn(2, 101, 2, 1e-4F, 0.75F));  // wider than the channels
  EXPECT_NO_THROW(lrn(2, 5, 2, 0, 0.75F));
  expect_error(ExitCode::configuration, {"lrn9", "size is 4", "odd"}, [&] { lrn(2, 4, 2, 1e-4F, 0.75F); });
  expect_error(ExitCode::configuration, {"lrn9", "size is -5"}, [&] { lrn(2, -5, 2, 1e-4F, 0.75F); });
  expect_error(ExitCode::configuration, {"lrn9", "k is 0"}, [&] { lrn(2, 5, 0, 1e-4F, 0.75F); });
  expect_error(ExitCode::configuration, {"lrn9", "k is nan"}, [&] { lrn(2, 5, std::numeric_limits<float>::quiet_NaN(), 1e-4F, 0.75F); });
  expect_error(ExitCode::configuration, {"lrn9", "alpha is -1"}, [&] { lrn(2, 5, 2, -1, 0.75F); });
  expect_error(ExitCode::configuration, {"lrn9", "beta is 0"}, [&] { lrn(2, 5, 2, 1e-4F, 0); });
  expect_error(ExitCode::configuration, {"lrn9", "96 channels", "5 columns"}, [&] { lrn(5, 5, 2, 1e-4F, 0.75F); });
}

TEST(SpatialNormShape, RefusesNonsense) {
  const auto norm = [](Extent3 src, std::int64_t size, float k, float alpha, float beta) {
    return SpatialNormShape::infer("norm9", 2, src, size, k, alpha, beta);
  };
  EXPECT_NO_THROW(norm({27, 27, 256}, 5, 1, 1e-3F / 25, 0.75F));
  expect_error(ExitCode::configuration, {"norm9", "input height is 0"}, [&] { norm({0, 27, 256}, 5, 1, 1e-3F, 0.75F); });
  expect_error(ExitCode::configuration, {"norm9", "size is 6", "odd"}, [&] { norm({27, 27, 256}, 6, 1, 1e-3F, 0.75F); });
  expect_error(ExitCode::configuration, {"norm9", "k is -1"}, [&] { norm({27, 27, 256}, 5, -1, 1e-3F, 0.75F); });
  expect_error(ExitCode::configuration, {"norm9", "alpha is -0.5"}, [&] { norm({27, 27, 256}, 5, 1, -0.5F, 0.75F); });
  expect_error(ExitCode::configuration, {"norm9", "beta is -1"}, [&] { norm({27, 27, 256}, 5, 1, 1e-3F, -1); });
}

TEST(FullyConnectedShape, TheThreeLayersOfThePaper) {
  const FullyConnectedShape fc6 = FullyConnectedShape::infer("fc6", 128, {6, 6, 256}, 4096, 1);
  EXPECT_EQ(fc6.num_inputs(), 9216);
  EXPECT_EQ(fc6.num_weights(), 37748736);
  EXPECT_EQ(fc6.dst(), (Extent3{1, 1, 4096}));
  EXPECT_EQ(FullyConnectedShape::infer("fc7", 128, fc6.dst(), 4096, 1).num_weights(), 16777216);
  EXPECT_EQ(FullyConnectedShape::infer("fc7", 128, fc6.dst(), 4096, 2).num_weights(), 16777216 / 2);
  EXPECT_EQ(FullyConnectedShape::infer("fc8", 128, {1, 1, 4096}, 1000, 1).num_weights(), 4096000);
}

TEST(FullyConnectedShape, RefusesNonsense) {
  expect_error(ExitCode::configuration, {"fc9", "num_output is 0"}, [] { FullyConnectedShape::infer("fc9", 1, {6, 6, 256}, 0, 1); });
  expect_error(ExitCode::configuration, {"fc9", "256 input channels", "3 columns"}, [] {
    FullyConnectedShape::infer("fc9", 1, {6, 6, 256}, 9, 3);
  });
  expect_error(ExitCode::configuration, {"fc9", "9 outputs", "2 columns"}, [] { FullyConnectedShape::infer("fc9", 1, {6, 6, 256}, 9, 2); });
  expect_error(ExitCode::configuration, {"fc9", "input width is 0"}, [] { FullyConnectedShape::infer("fc9", 1, {6, 0, 256}, 9, 1); });
}

TEST(InputShape, CropMustFitThePictures) {
  const InputShape s = InputShape::infer(128, 256, 256, 224, 1);
  EXPECT_EQ(s.dst(), (Extent3{224, 224, 3}));
  EXPECT_EQ(InputShape::infer(1, 256, 256, 256, 1).dst(), (Extent3{256, 256, 3}));
  expect_error(ExitCode::configuration, {"data.crop is 257", "256x300", "256 or less", "--size"},
               [] { InputShape::infer(1, 256, 300, 257, 1); });
  expect_error(ExitCode::configuration, {"data.crop is 224", "300x64", "64 or less"}, [] { InputShape::infer(1, 300, 64, 224, 1); });
  expect_error(ExitCode::configuration, {"crop is 0"}, [] { InputShape::infer(1, 256, 256, 0, 1); });
  expect_error(ExitCode::configuration, {"batch size is 0"}, [] { InputShape::infer(0, 256, 256, 224, 1); });
}

}  // namespace
}  // namespace alexnet
