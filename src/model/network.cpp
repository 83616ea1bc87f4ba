#include "alexnet/model/network.hpp"

#include "alexnet/core/error.hpp"
#include "model/exchange_layers.hpp"

namespace alexnet {

namespace {

Network make_whole_network(const ModelConfig& config, std::int64_t crop, std::int64_t num_classes) {
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
      network.layers.push_back(make_layer(layer, {slot++, extent, config.columns, num_classes, {0, extent.C, extent.C}, {}}));
    } catch (const Error& e) {
      fail(e.code(), "{}: {}", layer.where, e.what());
    }
    extent = network.layers.back()->dst();
  }
  if (network.loss.empty()) fail(ExitCode::internal, "a network without softmax_cross_entropy");
  return network;
}

void check_share(std::int64_t columns, const ColumnShare& share) {
  const int devices = share.count;
  if (columns == 1) {
    fail(ExitCode::configuration,
         "device.column_devices is {}, but model.columns is 1: one column cannot be laid over {} devices; set "
         "device.column_devices=1, or model.columns={}",
         devices, devices, devices);
  }
  if (columns % devices != 0) {
    fail(ExitCode::configuration, "device.column_devices is {}, which does not divide model.columns, {}: set device.column_devices=1",
         devices, columns);
  }
  const Communicator* c = share.communicator;
  if (c != nullptr && (c->size() != devices || c->rank() != share.index)) {
    fail(ExitCode::internal, "device {} of {} has a communicator that calls it {} of {}", share.index, devices, c->rank(), c->size());
  }
}

// Follows the chain and keeps in mind whether a device has its own channels alone (behind every layer with weights) or all of them (before
// the first one, and inside an LRN that sees all).
class Divider {
 public:
  Divider(const Network& whole, const ColumnShare& share) : whole_(whole), share_(share) {
    network_.input = whole.input;
    network_.num_classes = whole.num_classes;
    network_.columns = whole.columns;
    network_.loss = whole.loss;
    network_.share = share;
  }

  Network divide() {
    for (const auto& layer : whole_.layers) add(*layer);
    gather(whole_.loss, {1, 1, whole_.num_classes}, GatheredGradient::whole);
    return std::move(network_);
  }

 private:
  void add(const Layer& whole) {
    const LayerConfig& config = whole.config();
    const bool has_weights = !whole.parameters().empty(), sees_own = config.sees == "own";
    const bool was_own = has_own_channels_;
    if (has_weights && whole.dst().C < share_.count) {
      fail(ExitCode::configuration, "{}: layer {}: {} output channel cannot be shared by {} devices; set device.column_devices=1",
           config.where, config.name, whole.dst().C, share_.count);
    }
    if (has_weights && sees_own) slice(config.name, whole.src());
    if ((has_weights || config.type == "lrn") && !sees_own) gather(config.name, whole.src(), GatheredGradient::partial);
    const std::int64_t C = whole.src().C;
    const ChannelRange channels = has_own_channels_ ? own_channels(C, share_) : ChannelRange{0, C, C};
    network_.layers.push_back(make_layer(
        config, {whole.slot(), {whole.src().H, whole.src().W, channels.count}, whole_.columns, whole_.num_classes, channels, share_}));
    has_own_channels_ = has_own_channels_ || has_weights;
    if (was_own && !has_weights) slice(config.name, whole.dst());
  }

  void gather(const std::string& reader, Extent3 all, GatheredGradient gradient) {
    if (!has_own_channels_) return;
    network_.exchanges.push_back(make_gather(network_.layers.size(), reader, all, share_, gradient));
    has_own_channels_ = false;
  }
  void slice(const std::string& writer, Extent3 all) {
    if (has_own_channels_) return;
    network_.exchanges.push_back(make_slice(network_.layers.size(), writer, all, share_));
    has_own_channels_ = true;
  }

  const Network& whole_;
  ColumnShare share_;
  Network network_;
  bool has_own_channels_ = false;
};

std::int64_t count_parameters(const Network& network, bool own) {
  std::int64_t count = 0;
  for (const auto& layer : network.layers) {
    for (const ParameterSpec& parameter : layer->parameters()) count += (own ? parameter.own_shape() : parameter.shape).count();
  }
  return count;
}

}  // namespace

Network make_network(const ModelConfig& config, std::int64_t crop, std::int64_t num_classes, const ColumnShare& share) {
  Network whole = make_whole_network(config, crop, num_classes);  // speaks of errors in the config's numbers
  if (share.count == 1) return whole;
  check_share(config.columns, share);
  return Divider(whole, share).divide();
}

std::vector<ExchangeBytes> exchange_bytes(const Network& network, DType activation_type) {
  std::size_t logits = 0;  // from here on activations are f32
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (!network.layers[i]->parameters().empty()) logits = i + 1;
  }
  std::vector<ExchangeBytes> result;
  for (const Exchange& e : network.exchanges) {
    if (e.values_forward == 0) continue;
    const auto value_bytes = static_cast<std::int64_t>(dtype_bytes(e.before >= logits ? DType::f32 : activation_type));
    result.push_back({e.layer->name(), e.values_forward * value_bytes, e.values_backward * static_cast<std::int64_t>(sizeof(float))});
  }
  return result;
}

std::int64_t Network::num_parameters() const { return count_parameters(*this, false); }
std::int64_t Network::num_own_parameters() const { return count_parameters(*this, true); }

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
