#include "train/layer_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace alexnet {
namespace {

double norm(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

}  // namespace

Graph::Observer LayerStatistics::observer() {
  return [this](const std::string& layer, const Tensor& dst) {
    double sum = 0, sum_of_squares = 0;
    std::int64_t zeros = 0;
    const std::vector<float> values = graph_.read(dst);
    for (const float v : values) {
      sum += v;
      sum_of_squares += static_cast<double>(v) * v;
      zeros += v == 0 ? 1 : 0;
    }
    const auto count = static_cast<double>(values.size());
    const double mean = sum / count;
    activations_[layer] = {mean, std::sqrt(std::max(0.0, sum_of_squares / count - mean * mean)), static_cast<double>(zeros) / count};
  };
}

nlohmann::json LayerStatistics::collect() const {
  nlohmann::json layers = nlohmann::json::array();
  for (const Parameter& parameter : graph_.parameters()) {
    if (parameter.spec.is_bias) continue;
    const std::string& name = graph_.network().layers[parameter.layer]->name();
    const auto found = activations_.find(name);
    if (found == activations_.end()) continue;
    const double weight_norm = norm(graph_.read(parameter.value));
    layers.push_back({{"name", name},
                      {"activation_mean", found->second.mean},
                      {"activation_std", found->second.std},
                      {"zeros", found->second.zeros},
                      {"gradient_norm", norm(graph_.read(parameter.diff))},
                      {"weight_norm", weight_norm},
                      {"update_ratio", norm(graph_.read(parameter.velocity)) / weight_norm}});
  }
  return layers;
}

std::string find_not_finite(Graph& graph) {
  const auto bad = [&](const Tensor& tensor) {
    const std::vector<float> values = graph.read(tensor);
    return std::any_of(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  };
  for (const Parameter& parameter : graph.parameters()) {
    if (bad(parameter.value)) return parameter.spec.name + " holds values that are not finite";
    if (bad(parameter.diff)) return "the gradient of " + parameter.spec.name + " holds values that are not finite";
  }
  return "";
}

}  // namespace alexnet
