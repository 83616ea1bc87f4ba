// What each layer with weights looks like in one step: activations, zeros, gradients, updates.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "alexnet/model/graph.hpp"

namespace alexnet {

class LayerStatistics {
 public:
  explicit LayerStatistics(Graph& graph) : graph_(graph) {}
  // For Graph::forward: looks at the activations while they are there.
  Graph::Observer observer();
  // After update; collective over the columns, whose parts count together: [{"name", "activation_mean", "activation_std", "zeros",
  // "gradient_norm", "weight_norm", "update_ratio"}]. update_ratio: norm of the velocity over norm of the weights.
  nlohmann::json collect() const;

 private:
  struct Activations {  // of this device's channels
    double sum, sum_of_squares, zeros, count;
  };
  Graph& graph_;
  std::map<std::string, Activations> activations_;
};

// The first parameter that holds a value, or has a gradient, that is not finite, in words; "" if there is none. Collective over the
// columns.
std::string find_not_finite(Graph& graph);

}  // namespace alexnet
