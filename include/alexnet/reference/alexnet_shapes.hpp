// The layers of the two-column AlexNet as both columns see them on one device (`groups` = columns), named once for tests.
// Table and counts: section 3.5 of the paper; conv1 is padded 3 pixels at the right and bottom, so that 224 gives 55.
#pragma once

#include <array>
#include <string>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

struct NamedConv2d {
  std::string name;
  Conv2dShape shape;
};

struct NamedFullyConnected {
  std::string name;
  FullyConnectedShape shape;
};

inline std::array<NamedConv2d, 5> alexnet_conv2d_shapes(std::int64_t N) {
  const auto conv = [N](const char* name, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride, Padding pad,
                        std::int64_t groups) {
    return NamedConv2d{name, Conv2dShape::infer(name, N, src, OC, kernel_size, stride, pad, groups)};
  };
  return {conv("conv1", {224, 224, 3}, 96, 11, 4, {0, 0, 3, 3}, 1), conv("conv2", {27, 27, 96}, 256, 5, 1, {2, 2, 2, 2}, 2),
          conv("conv3", {13, 13, 256}, 384, 3, 1, {1, 1, 1, 1}, 1), conv("conv4", {13, 13, 384}, 384, 3, 1, {1, 1, 1, 1}, 2),
          conv("conv5", {13, 13, 384}, 256, 3, 1, {1, 1, 1, 1}, 2)};
}

inline std::array<NamedFullyConnected, 3> alexnet_fully_connected_shapes(std::int64_t N) {
  const auto fc = [N](const char* name, Extent3 src, std::int64_t OC) {
    return NamedFullyConnected{name, FullyConnectedShape::infer(name, N, src, OC, 1)};
  };
  return {fc("fc6", {6, 6, 256}, 4096), fc("fc7", {1, 1, 4096}, 4096), fc("fc8", {1, 1, 4096}, 1000)};
}

}  // namespace alexnet::reference
