// Error rates of one network, or of the average of several, over a split: the centre crop or the paper's ten views (section 4.1).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alexnet/data/loader.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/optim/schedule.hpp"
#include "alexnet/train/checkpoint.hpp"

namespace alexnet {

// A graph with what it needs to look at pictures.
struct EvaluatedModel {
  Graph* graph = nullptr;
  StepParameters step;  // dropout rates for the scaling at test; images are counted by the evaluator
  std::int64_t crop = 0;
};

struct EvaluationResult {
  ValidationResult result;
  std::optional<ValidationResult> centre;  // of ten views: the centre crop alone
  double seconds = 0;
};

// Called with each batch and its averaged probabilities, (valid, classes).
using PredictionSink = std::function<void(const Batch& batch, std::span<const float> probabilities)>;

// Turns the numbers of this rank into sums over all ranks that share a data set among them, the same on each.
using SumOverRanks = std::function<void(std::span<double> values)>;

// height, width: of the stored pictures. Softmax outputs are averaged over views and models; the loss is that of the average (one view
// of one model: of the logits). All models have the same batch size and classes.
EvaluationResult evaluate(std::span<EvaluatedModel> models, Loader& loader, std::int64_t height, std::int64_t width, int num_views,
                          const PredictionSink& sink = nullptr, const SumOverRanks& sum_over_ranks = nullptr);

// A checkpoint made ready to predict.
struct LoadedModel {
  std::string path;
  Checkpoint checkpoint;
  std::unique_ptr<Graph> graph;
  EvaluatedModel evaluated() const;
};
// path: a checkpoint file or a run directory; precision: "f32", "bf16" or the checkpoint's own, "". Throws what read_checkpoint and
// load_parameters throw.
LoadedModel load_model(const std::string& path, std::shared_ptr<Backend> backend, std::int64_t batch_size,
                       const std::string& precision = "");

// The k best classes of each row of `probabilities` (rows, classes), best first.
struct RankedClass {
  std::int32_t index;
  float probability;
};
std::vector<std::vector<RankedClass>> best_classes(Backend& backend, std::span<const float> probabilities, std::int64_t num_classes,
                                                   std::int64_t k);

// The mean that a config subtracts: (H,W,3), or (1,1,3) for `mean: channel | none`.
struct MeanImage {
  std::vector<float> values;
  Shape shape;
  Tensor tensor() { return {values.data(), shape, DType::f32}; }
};
MeanImage make_mean(const DataConfig& config, const DatasetStatistics& statistics);

// Dropout rates and, from `base_learning_rate`, each layer's rates, at an epoch.
StepParameters make_step_parameters(const Config& config, const Network& network, double epoch, double base_learning_rate);

}  // namespace alexnet
