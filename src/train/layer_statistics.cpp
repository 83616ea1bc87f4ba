#include "train/layer_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace alexnet {
namespace {

double sum_of_squares(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  return sum;
}

}  // namespace

Graph::Observer LayerStatistics::observer(std::int64_t valid_images) {
  return [this, valid_images](const std::string& layer, const Tensor& dst) {
    Activations& a = activations_[layer];
    std::vector<float> values = graph_.read(dst);
    values.resize(values.size() / static_cast<std::size_t>(dst.shape()[0]) * static_cast<std::size_t>(valid_images));
    for (const float v : values) {
      a.sum += v;
      a.sum_of_squares += static_cast<double>(v) * v;
      a.zeros += v == 0 ? 1 : 0;
    }
    a.count += static_cast<double>(values.size());
  };
}

// Activations are summed over all ranks, for each saw other pictures or other channels; weights over the columns of one replica, for
// the replicas hold the same.
nlohmann::json LayerStatistics::collect(RankGroup& ranks) const {
  constexpr std::size_t kSums = 7, kActivationSums = 4;
  std::vector<std::string> names;
  std::vector<double> sums;
  for (const Parameter& parameter : graph_.parameters()) {
    if (parameter.spec.is_bias) continue;
    const std::string& name = graph_.network().layers[parameter.layer]->name();
    const auto found = activations_.find(name);
    if (found == activations_.end()) continue;
    const Activations& a = found->second;
    names.push_back(name);
    for (const double sum : {a.sum, a.sum_of_squares, a.zeros, a.count, sum_of_squares(graph_.read(parameter.diff)),
                             sum_of_squares(graph_.read(parameter.value)), sum_of_squares(graph_.read(parameter.velocity))})
      sums.push_back(sum);
  }
  const std::vector<double> all = ranks.gather_all(sums);
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_activation = i % kSums < kActivationSums;
    if (is_activation || i < sums.size() * static_cast<std::size_t>(ranks.layout().columns)) sums[i % sums.size()] += all[i];
  }
  nlohmann::json layers = nlohmann::json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double* sum = &sums[kSums * i];
    const double count = sum[3], mean = sum[0] / count, weight_norm = std::sqrt(sum[5]);
    layers.push_back({{"name", names[i]},
                      {"activation_mean", mean},
                      {"activation_std", std::sqrt(std::max(0.0, sum[1] / count - mean * mean))},
                      {"zeros", sum[2] / count},
                      {"gradient_norm", std::sqrt(sum[4])},
                      {"weight_norm", weight_norm},
                      {"update_ratio", std::sqrt(sum[6]) / weight_norm}});
  }
  return layers;
}

std::string find_not_finite(Graph& graph) {
  std::vector<double> num_bad;  // of each parameter's value and gradient
  for (const Parameter& parameter : graph.parameters()) {
    for (const Tensor* tensor : {&parameter.value, &parameter.diff}) {
      const std::vector<float> values = graph.read(*tensor);
      num_bad.push_back(static_cast<double>(std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); })));
    }
  }
  num_bad = graph.sum_over_columns(std::move(num_bad));
  for (std::size_t i = 0; i < num_bad.size(); ++i) {
    if (num_bad[i] == 0) continue;
    const std::string& name = graph.parameters()[i / 2].spec.name;
    return (i % 2 == 0 ? name : "the gradient of " + name) + " holds values that are not finite";
  }
  return "";
}

}  // namespace alexnet
