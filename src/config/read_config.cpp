// What holds between keys: layers against each other, keys that need another one. Shapes are the model's business.
#include <algorithm>

#include "alexnet/core/step_parameters.hpp"
#include "config/reader.hpp"

namespace alexnet {
namespace {

constexpr const char* kLossType = "softmax_cross_entropy";

std::vector<std::string> names_of(const std::vector<LayerConfig>& layers) {
  std::vector<std::string> names;
  names.reserve(layers.size());
  for (const LayerConfig& layer : layers) names.push_back(layer.name);
  return names;
}

void check_unique_names(const std::vector<LayerConfig>& layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto first = std::find_if(layers.begin(), layers.end(), [&](const LayerConfig& l) { return l.name == layers[i].name; });
    if (first != layers.begin() + static_cast<std::ptrdiff_t>(i)) {
      fail(ExitCode::configuration, "{}: a second layer is named {}, the first one stands in {}", layers[i].where, layers[i].name,
           first->where);
    }
  }
}

// model.remove
void remove_layers(const Tree& tree, ModelConfig& model) {
  const std::vector<std::string> names = names_of(model.layers);
  for (const std::string& name : model.remove) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = nearest_name(name, names);
    fail(ExitCode::configuration, "{}: key model.remove: there is no layer {}; {}", tree.find("model")->find("remove")->where(), name,
         nearest.empty() ? fmt::format("layers: {}", fmt::join(names, ", ")) : "did you mean " + nearest + "?");
  }
  std::erase_if(model.layers, [&](const LayerConfig& layer) {
    return std::find(model.remove.begin(), model.remove.end(), layer.name) != model.remove.end();
  });
}

void check_chain(const Tree& tree, const ModelConfig& model) {
  const std::vector<LayerConfig>& layers = model.layers;
  const std::string where = tree.find("model")->find("layers")->where();
  if (layers.size() > static_cast<std::size_t>(kMaxLayers)) {
    fail(ExitCode::configuration, "{}: key model.layers holds {} layers; at most {} are possible", where, layers.size(), kMaxLayers);
  }
  if (layers.empty()) fail(ExitCode::configuration, "{}: model.remove leaves no layer", where);
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    if (layers[i].type == kLossType) {
      fail(ExitCode::configuration, "{}: layer {} of type {} must be the last layer; {} comes after it", layers[i].where, layers[i].name,
           kLossType, layers[i + 1].name);
    }
  }
  if (layers.back().type != kLossType) {
    fail(ExitCode::configuration, "{}: the last layer, {}, must be of type {}, not {}", layers.back().where, layers.back().name, kLossType,
         layers.back().type);
  }
}

void check_blocks(const Tree& tree, const Config& config) {
  const auto block_where = [&](const char* key) {
    const Tree* block = tree.find(key);
    return block != nullptr ? block->where() : tree.where();
  };
  if (!config.train.epochs && !config.train.max_steps) {
    fail(ExitCode::configuration, "{}: key train.epochs is missing; a run needs an end: train.epochs or train.max_steps",
         block_where("train"));
  }
  if (config.train.validate_splits.empty()) {
    fail(ExitCode::configuration, "{}: key train.validate_splits is empty; name one split or more, like [val]", block_where("train"));
  }
  const StepsConfig& steps = config.schedule.steps;
  if (!steps.at_epochs.empty() && !steps.at_steps.empty()) {
    fail(ExitCode::configuration, "{}: schedule.steps has at_epochs and at_steps; give one of them (the other one: [])",
         block_where("schedule"));
  }
  if (config.schedule.kind == "steps" && steps.at_epochs.empty() && steps.at_steps.empty()) {
    fail(ExitCode::configuration, "{}: schedule.kind is steps, but schedule.steps says neither at_epochs nor at_steps",
         block_where("schedule"));
  }
  if (config.data.statistics == "checkpoint" && !config.train.init.checkpoint) {
    fail(ExitCode::configuration, "{}: key data.statistics is checkpoint, but train.init.checkpoint names none", block_where("data"));
  }
}

}  // namespace

Config read_config(const Tree& tree) {
  Config config;
  Reader reader(tree, "");
  describe(reader, config);
  reader.finish();
  check_unique_names(config.model.layers);
  remove_layers(tree, config.model);
  check_chain(tree, config.model);
  check_blocks(tree, config);
  return config;
}

}  // namespace alexnet
