#include "alexnet/train/evaluator.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>

#include "alexnet/core/error.hpp"
#include "alexnet/model/device.hpp"
#include "train/progress.hpp"

namespace alexnet {
namespace {

// Of pictures: the sum of their losses, and counts.
struct ErrorSums {
  std::array<double, 4> values{};  // loss, top-1 errors, top-5 errors, images

  // Averaged probabilities, a row for each label.
  void add(std::span<const float> probabilities, std::span<const std::int32_t> labels, std::int64_t num_classes) {
    for (std::size_t n = 0; n < labels.size(); ++n) {
      const float* row = probabilities.data() + n * static_cast<std::size_t>(num_classes);
      const std::int32_t label = labels[n];
      std::int64_t rank = 0;  // classes that come before the label's
      for (std::int64_t c = 0; c < num_classes; ++c) rank += row[c] > row[label] || (row[c] == row[label] && c < label) ? 1 : 0;
      values[0] -= std::log(std::max(row[label], FLT_MIN));
      values[1] += rank >= 1 ? 1 : 0;
      values[2] += rank >= 5 ? 1 : 0;
      values[3] += 1;
    }
  }
  void add(const LossTotals& t) {
    values = {t.loss, static_cast<double>(t.top1_errors), static_cast<double>(t.top5_errors), static_cast<double>(t.images)};
  }
  ValidationResult result(const SumOverRanks& sum_over_ranks) {
    if (sum_over_ranks) sum_over_ranks(values);
    const auto [loss, top1_errors, top5_errors, counted] = values;
    const double images = std::max(counted, 1.0);
    return {loss / images, top1_errors / images, top5_errors / images, static_cast<std::int64_t>(counted)};
  }
};

constexpr int kCentreView = 4;  // of ten

}  // namespace

EvaluationResult evaluate(std::span<EvaluatedModel> models, Loader& loader, std::int64_t height, std::int64_t width, int num_views,
                          const PredictionSink& sink, const SumOverRanks& sum_over_ranks) {
  const double begin_s = now_s();
  const std::int64_t num_classes = models.front().graph->network().num_classes;
  const bool single = models.size() == 1 && num_views == 1;
  const auto scale = 1.0F / static_cast<float>(models.size() * static_cast<std::size_t>(num_views));
  ErrorSums all, centre;
  std::vector<float> sum, centre_sum;
  std::vector<SampleTransform> transforms;
  for (EvaluatedModel& model : models) model.graph->reset_totals();
  while (const Batch* batch = loader.next()) {
    const auto labels = batch->labels.first(static_cast<std::size_t>(batch->valid));
    const auto num_values = static_cast<std::size_t>(batch->valid * num_classes);
    sum.assign(num_values, 0);
    centre_sum.assign(num_values, 0);
    for (EvaluatedModel& model : models) {
      model.step.count_images(batch->valid);
      model.graph->set_step(model.step);
      for (int view = 0; view < num_views; ++view) {
        transforms.assign(static_cast<std::size_t>(batch->size), evaluation_view(view, num_views, height, width, model.crop));
        if (view == 0) {
          model.graph->set_images(batch->pixels, batch->labels, transforms);
        } else {
          model.graph->set_transforms(transforms);
        }
        model.graph->forward(false);
        if (single && !sink) continue;
        const std::vector<float> probabilities = model.graph->probabilities();
        for (std::size_t i = 0; i < num_values; ++i) sum[i] += scale * probabilities[i];
        if (num_views > 1 && view == kCentreView) {
          for (std::size_t i = 0; i < num_values; ++i) centre_sum[i] += probabilities[i] / static_cast<float>(models.size());
        }
      }
    }
    if (!single) all.add(sum, labels, num_classes);
    if (num_views > 1) centre.add(centre_sum, labels, num_classes);
    if (sink) sink(*batch, sum);
    loader.give_back(batch);
  }
  EvaluationResult evaluation;
  if (single) all.add(models.front().graph->totals());
  evaluation.result = all.result(sum_over_ranks);
  if (num_views > 1) evaluation.centre = centre.result(sum_over_ranks);
  evaluation.seconds = now_s() - begin_s;
  return evaluation;
}

EvaluatedModel LoadedModel::evaluated() const {
  return {graph.get(), make_step_parameters(checkpoint.config, graph->network(), checkpoint.state.epoch(), 0), checkpoint.config.data.crop};
}

LoadedModel load_model(const std::string& path, std::shared_ptr<Backend> backend, std::int64_t batch_size, const std::string& precision) {
  LoadedModel model;
  model.path = find_checkpoint(path);
  model.checkpoint = read_checkpoint(model.path);
  const Checkpoint& c = model.checkpoint;
  GraphOptions options;
  options.mode = GraphMode::inference;
  options.batch_size = batch_size;
  options.image_height = options.image_width = c.picture_size;
  options.input_scale = static_cast<float>(c.config.data.scale);
  options.activation_type = activation_type(precision.empty() ? c.config.device.precision : precision);
  model.graph = std::make_unique<Graph>(make_network(c.config.model, c.config.data.crop, static_cast<std::int64_t>(c.classes.size())),
                                        std::move(backend), options);
  load_parameters(model.path, *model.graph, {});
  model.graph->set_mean(make_mean(c.config.data, c.statistics).tensor());
  return model;
}

std::vector<std::vector<RankedClass>> best_classes(Backend& backend, std::span<const float> probabilities, std::int64_t num_classes,
                                                   std::int64_t k) {
  const auto rows = static_cast<std::int64_t>(probabilities.size()) / num_classes;
  const auto num_indices = static_cast<std::size_t>(rows * k);
  const Buffer memory =
      backend.allocate(probabilities.size_bytes() + num_indices * (sizeof(std::int32_t) + sizeof(float)), "the best classes");
  const Tensor values(memory.data(), {rows, num_classes}, DType::f32);
  const Tensor indices(memory.data() + values.bytes(), {rows, k}, DType::i32);
  const Tensor top(memory.data() + values.bytes() + indices.bytes(), {rows, k}, DType::f32);
  const auto op = backend.make_top_k(rows, num_classes, k);
  const Buffer scratch = backend.allocate(op->scratch_bytes(), "scratch of top_k");
  op->bind(nullptr, scratch.data());
  backend.copy_to_device(values.raw(), probabilities.data(), probabilities.size_bytes());
  op->forward(values, indices, top);
  std::vector<std::int32_t> host_indices(num_indices);
  std::vector<float> host_top(num_indices);
  backend.copy_to_host(host_indices.data(), indices.raw(), indices.bytes());
  backend.copy_to_host(host_top.data(), top.raw(), top.bytes());
  std::vector<std::vector<RankedClass>> ranked(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < num_indices; ++i) ranked[i / static_cast<std::size_t>(k)].push_back({host_indices[i], host_top[i]});
  return ranked;
}

MeanImage make_mean(const DataConfig& config, const DatasetStatistics& statistics) {
  if (config.mean == "image") return {statistics.mean_image, {statistics.height, statistics.width, 3}};
  MeanImage mean{{0, 0, 0}, {1, 1, 3}};
  if (config.mean == "channel") {
    const auto num_pixels = static_cast<std::size_t>(statistics.height * statistics.width);
    for (std::size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < num_pixels; ++i) sum += statistics.mean_image[3 * i + c];
      mean.values[c] = static_cast<float>(sum / static_cast<double>(num_pixels));
    }
  }
  return mean;
}

StepParameters make_step_parameters(const Config& config, const Network& network, double epoch, double base_learning_rate) {
  StepParameters step;
  step.seed = config.seed;
  for (const auto& layer : network.layers) {
    const LayerConfig& c = layer->config();
    const auto slot = static_cast<std::size_t>(layer->slot());
    const double rate = base_learning_rate * c.lr_mult.at(epoch);
    step.weights_learning_rate[slot] = static_cast<float>(rate * c.weights.lr_mult);
    step.bias_learning_rate[slot] = static_cast<float>(rate * c.bias.lr_mult);
    if (c.type == "dropout") step.dropout_rate[slot] = static_cast<float>(c.rate.at(epoch));
  }
  return step;
}

}  // namespace alexnet
