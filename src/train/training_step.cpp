#include "train/training_step.hpp"

namespace alexnet {

TrainingStep::TrainingStep(const TrainConfig& config, TrainingSetup& setup, RankGroup& ranks) : config_(config), setup_(setup) {
  if (ranks.replicas() != nullptr) exchange_.emplace(*ranks.replicas(), *setup.backend);
}

void TrainingStep::run(const Batch& batch, StepParameters step, const std::vector<bool>& frozen, LayerStatistics* statistics) {
  Graph& graph = *setup_.graph;
  const auto num_parts = static_cast<int>(config_.micro_batches);
  const std::size_t picture_bytes = batch.pixels.size() / static_cast<std::size_t>(batch.size);
  step.loss_images = static_cast<std::int32_t>(config_.batch_size);
  for (int i = 0; i < num_parts; ++i) {
    const Share part{i, num_parts};
    const std::int64_t first = part.begin(batch.valid), images = part.size(batch.valid);
    const auto begin = static_cast<std::size_t>(first), count = static_cast<std::size_t>(images);
    step.first_sample = batch.first_sample + begin;
    step.valid_images = static_cast<std::int32_t>(images);
    graph.set_images(batch.pixels.subspan(begin * picture_bytes, count * picture_bytes), batch.labels.subspan(begin, count),
                     batch.transforms.subspan(begin, count));
    graph.set_step(step);
    graph.forward(true, statistics != nullptr ? statistics->observer(images) : nullptr);
    BackwardOptions options{.frozen = frozen, .first_part = i == 0, .last_part = i + 1 == num_parts};
    if (exchange_) options.on_gradients = [this](float* values, std::size_t size) { exchange_->add(values, size); };
    graph.backward(options);
  }
  if (exchange_) exchange_->finish();
  graph.update(frozen);
  setup_.backend->synchronize();
}

}  // namespace alexnet
