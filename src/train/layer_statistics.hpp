// What each layer with weights looks like in one step: activations, zeros, gradients, updates.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "alexnet/model/graph.hpp"
#include "train/rank_group.hpp"

namespace alexnet {

class LayerStatistics {
 public:
  explicit LayerStatistics(Graph& graph) : graph_(graph) {}
  // For Graph::forward of a part of the step: looks at the activations of its first valid_images images while they are there.
  Graph::Observer observer(std::int64_t valid_images);
  // After update: [{"name", "activation_mean", "activation_std", "zeros", "gradient_norm", "weight_norm", "update_ratio"}], of the whole
  // step over all ranks. update_ratio: norm of the velocity over norm of the weights. Collective.
  nlohmann::json collect(RankGroup& ranks) const;

 private:
  struct Activations {
    double sum = 0, sum_of_squares = 0, zeros = 0, count = 0;
  };
  Graph& graph_;
  std::map<std::string, Activations> activations_;
};

// The first parameter that holds a value, or has a gradient, that is not finite, in words; "" if there is none. Collective over the
// columns.
std::string find_not_finite(Graph& graph);

}  // namespace alexnet
