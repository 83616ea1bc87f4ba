#include "alexnet/model/network.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

Network make_network(const ModelConfig& config, std::int64_t crop, std::int64_t num_classes) {
  Network network;
  network.input = {crop, crop, 3};
  network.num_classes = num_classes;
  network.columns = config.columns;
  Extent3 extent = network.input;
  int slot = 0;
  for (const LayerConfig& layer : config.layers) {
    if (layer.type == "softmax_cross_entropy") {
      if (extent != Extent3{1, 1, num_classes}) {
        fail(ExitCode::configuration,
             "{}: layer {}: its input is {} x {} x {}, must be 1 x 1 x {} (the number of classes): let a fully_connected layer with "
             "num_output: num_classes stand before it",
             layer.where, layer.name, extent.H, extent.W, extent.C, num_classes);
      }
      network.loss = layer.name;
      continue;
    }
    try {
      network.layers.push_back(make_layer(layer, {slot++, extent, config.columns, num_classes}));
    } catch (const Error& e) {
      fail(e.code(), "{}: {}", layer.where, e.what());
    }
    extent = network.layers.back()->dst();
  }
  if (network.loss.empty()) fail(ExitCode::internal, "a network without softmax_cross_entropy");
  return network;
}

std::int64_t Network::num_parameters() const {
  std::int64_t count = 0;
  for (const auto& layer : layers) {
    for (const ParameterSpec& parameter : layer->parameters()) count += parameter.shape.count();
  }
  return count;
}

std::int64_t Network::macs() const {
  std::int64_t count = 0;
  for (const auto& layer : layers) count += layer->macs();
  return count;
}

std::int64_t Network::backward_macs() const {
  std::int64_t count = 0;
  for (const auto& layer : layers) count += layer->macs() * (layer->slot() == 0 ? 1 : 2);
  return count;
}

}  // namespace alexnet
