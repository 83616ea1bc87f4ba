// The layer types' factories; each lives in <type>_layer.cpp. To add one: its file, a line here, a line in layer.cpp's table, and its
// fields in config/.
#pragma once

#include <fmt/format.h>

#include "alexnet/model/layer.hpp"

namespace alexnet {

std::unique_ptr<Layer> make_conv2d_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_fully_connected_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_activation_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_lrn_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_spatial_norm_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_max_pool_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_average_pool_layer(const LayerConfig& config, const LayerContext& context);
std::unique_ptr<Layer> make_dropout_layer(const LayerConfig& config, const LayerContext& context);

// Columns that a layer keeps apart: `sees: own` -> all that the device holds, `sees: all` -> 1.
inline std::int64_t num_groups(const LayerConfig& config, const LayerContext& context) {
  return config.sees == "own" ? context.columns * context.src.C / context.src_channels.total : 1;
}

inline bool sees_all_columns(const LayerConfig& config, const LayerContext& context) { return config.sees != "own" && context.columns > 1; }

// "(224 + 0 + 3 - 11) / 4 + 1 = 55", floored, for explain().
std::string explain_extent(std::int64_t in, std::int64_t before, std::int64_t after, std::int64_t kernel_size, std::int64_t stride,
                           std::int64_t out);

// "NAME.weight", its shape in memory (OC first) and in checkpoints, and "NAME.bias", (OC).
std::vector<ParameterSpec> weights_and_bias(const LayerConfig& config, const ChannelRange& rows, Shape weights, Shape weights_in_file);

// The factor of the sum of squares: `reduction: mean` divides alpha by the number of terms.
float norm_alpha(const LayerConfig& config, std::int64_t num_terms);

// A ReLU that the layer in front can take as its epilogue.
bool is_relu(const Layer& layer);

}  // namespace alexnet
