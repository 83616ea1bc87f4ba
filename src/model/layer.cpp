#include "alexnet/model/layer.hpp"

#include <functional>
#include <map>

#include "alexnet/core/error.hpp"
#include "model/layers.hpp"

namespace alexnet {

Shape ParameterSpec::own_shape() const {
  std::vector<std::int64_t> extents = shape.extents();
  extents.front() = rows.count;
  return Shape(std::move(extents));
}

std::unique_ptr<Layer> make_layer(const LayerConfig& config, const LayerContext& context) {
  using Factory = std::unique_ptr<Layer> (*)(const LayerConfig&, const LayerContext&);
  static const std::map<std::string, Factory> kFactories = {
      {"conv2d", make_conv2d_layer},     {"fully_connected", make_fully_connected_layer},
      {"lrn", make_lrn_layer},           {"spatial_norm", make_spatial_norm_layer},
      {"max_pool", make_max_pool_layer}, {"average_pool", make_average_pool_layer},
      {"dropout", make_dropout_layer},
  };
  if (activation_kind(config.type)) return make_activation_layer(config, context);
  const auto found = kFactories.find(config.type);
  if (found == kFactories.end()) fail(ExitCode::internal, "layer {}: unknown type {}", config.name, config.type);
  return found->second(config, context);
}

std::string explain_extent(std::int64_t in, std::int64_t before, std::int64_t after, std::int64_t kernel_size, std::int64_t stride,
                           std::int64_t out) {
  const std::int64_t left_over = (in + before + after - kernel_size) % stride;
  return fmt::format("({} + {} + {} - {}) / {} + 1 = {}{}", in, before, after, kernel_size, stride, out,
                     left_over == 0 ? "" : fmt::format(" (rounded down; the last {} pixels are not read)", left_over));
}

std::vector<ParameterSpec> weights_and_bias(const LayerConfig& config, const ChannelRange& rows, Shape weights, Shape weights_in_file) {
  const Shape bias{weights[0]};
  return {{config.name + ".weight", std::move(weights), std::move(weights_in_file), rows, false, config.weights},
          {config.name + ".bias", bias, bias, rows, true, config.bias}};
}

float norm_alpha(const LayerConfig& config, std::int64_t num_terms) {
  return static_cast<float>(config.reduction == "mean" ? config.alpha / static_cast<double>(num_terms) : config.alpha);
}

bool is_relu(const Layer& layer) { return layer.config().type == "relu"; }

}  // namespace alexnet
