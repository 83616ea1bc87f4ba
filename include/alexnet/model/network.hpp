// The chain of layers of a config, with all shapes known, before it is compiled for a backend.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/model/layer.hpp"

namespace alexnet {

struct Network {
  Extent3 input;  // of one image, after cropping
  std::int64_t num_classes = 0;
  std::int64_t columns = 1;
  std::string loss;                            // name of the softmax_cross_entropy layer
  std::vector<std::unique_ptr<Layer>> layers;  // without the loss

  std::int64_t num_parameters() const;
  std::int64_t macs() const;           // of one image's forward pass
  std::int64_t backward_macs() const;  // gradients to weights and to inputs; none to the image
};

// Shape inference over the whole chain. `num_classes` is the data set's or the config's. Throws Error(configuration) with the layer's
// file and line.
Network make_network(const ModelConfig& config, std::int64_t crop, std::int64_t num_classes);

}  // namespace alexnet
