// fully_connected: every output sees every activation of its column (`sees: own`) or of all, and a ReLU behind it when there is one.
#include "model/layers.hpp"
#include "model/weighted_layer.hpp"

namespace alexnet {
namespace {

class FullyConnectedLayer final : public WeightedLayer<FullyConnectedShape, FullyConnected> {
 public:
  using WeightedLayer::WeightedLayer;

  std::vector<ParameterSpec> parameters() const override {
    const std::int64_t inputs = shape_.IC / shape_.groups;
    return weights_and_bias(config_, rows_, {rows_.total, shape_.IH, shape_.IW, inputs}, {rows_.total, inputs * shape_.IH * shape_.IW});
  }
  std::int64_t macs() const override { return shape_.num_weights(); }
  bool mixes_columns() const override { return sees_all_columns(config_, context_); }
  std::string explain() const override {
    const auto& s = shape_;
    return fmt::format("inputs  {} x {} x {} = {}{}\nweights {} x {} = {}\nbias    {}\nMACs    {}\n", s.IH, s.IW, s.IC, s.num_inputs(),
                       s.groups > 1 ? fmt::format(" ({} of one of {} columns)", s.num_inputs() / s.groups, s.groups) : "", s.OC,
                       s.num_inputs() / s.groups, s.num_weights(), s.OC, macs());
  }
};

}  // namespace

std::unique_ptr<Layer> make_fully_connected_layer(const LayerConfig& config, const LayerContext& context) {
  LayerConfig resolved = config;
  if (config.num_output_is_classes) resolved.num_output = context.num_classes;
  const ChannelRange rows = own_channels(resolved.num_output, context.share);
  const auto shape = FullyConnectedShape::infer(config.name, 1, context.src, rows.count, num_groups(config, context));
  return std::make_unique<FullyConnectedLayer>(resolved, context, shape, rows);
}

}  // namespace alexnet
