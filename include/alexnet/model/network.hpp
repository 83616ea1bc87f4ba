// The chain of layers of a config, with all shapes known, before it is compiled for a backend.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/model/layer.hpp"

namespace alexnet {

// Where the channels of the columns are put together or taken apart, in a network that lies over several devices.
struct Exchange {
  std::size_t before;            // the layer that it stands in front of, as index into Network::layers; their number: the loss
  std::unique_ptr<Layer> layer;  // the node that does it
  std::int64_t values_forward;   // that each device sends for an image, and receives
  std::int64_t values_backward;
};

// The layers as one device holds them: with the columns of `share`, which are all if its count is 1.
struct Network {
  Extent3 input;  // of one image, after cropping
  std::int64_t num_classes = 0;
  std::int64_t columns = 1;
  std::string loss;                            // name of the softmax_cross_entropy layer
  std::vector<std::unique_ptr<Layer>> layers;  // without the loss
  ColumnShare share;
  std::vector<Exchange> exchanges;  // in the order of the chain; none on one device

  std::int64_t num_parameters() const;      // of all devices together
  std::int64_t num_own_parameters() const;  // of this one
  std::int64_t macs() const;                // of one image's forward pass, on this device
  std::int64_t backward_macs() const;       // gradients to weights and to inputs; none to the image
};

// What a device sends to the others for an image, and gets from them, in a step in which every layer learns.
struct ExchangeBytes {
  std::string name;  // of the node: "conv3.gather"
  std::int64_t forward = 0, backward = 0;
};
// Of the exchanges that send anything. Activations travel as they are stored, sums of gradients in f32.
std::vector<ExchangeBytes> exchange_bytes(const Network& network, DType activation_type);

// Shape inference over the whole chain. `num_classes` is the data set's or the config's. Throws Error(configuration) with the layer's
// file and line, or when the columns cannot be laid over share.count devices.
Network make_network(const ModelConfig& config, std::int64_t crop, std::int64_t num_classes, const ColumnShare& share = {});

}  // namespace alexnet
