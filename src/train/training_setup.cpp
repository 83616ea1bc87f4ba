#include "train/training_setup.hpp"

#include <algorithm>
#include <thread>

#include "alexnet/core/log.hpp"
#include "alexnet/model/device.hpp"
#include "alexnet/train/evaluator.hpp"
#include "train/start_checks.hpp"

namespace alexnet {
namespace {

std::int64_t agreed_classes(const Config& config, const DatasetManifest& manifest) {
  const auto in_data = static_cast<std::int64_t>(manifest.classes.size());
  const std::int64_t in_config = config.model.num_classes.value_or(in_data);
  if (in_config != in_data) {
    fail(ExitCode::configuration,
         "model.num_classes is {}, the data set {} has {} classes; set it to {}, or take it from the data set with --set "
         "model.num_classes=auto",
         in_config, config.data.path, in_data, in_data);
  }
  return in_config;
}

void check_parts(const TrainConfig& train, int replicas) {
  const std::int64_t least = train.batch_size / replicas;
  if (least == 0) {
    fail(ExitCode::configuration, "train.batch_size is {}, too small for {} replicas: each needs a picture; set it to {} or more",
         train.batch_size, replicas, replicas);
  }
  if (least < train.micro_batches) {
    fail(ExitCode::configuration, "train.micro_batches is {}, but of a batch of {} {} takes {}: set it to {} or less", train.micro_batches,
         train.batch_size, replicas == 1 ? "the one replica" : fmt::format("one of {} replicas", replicas), least, least);
  }
}

}  // namespace

std::int64_t largest_part(const TrainConfig& train, int replicas) {
  return Share{0, static_cast<int>(train.micro_batches)}.size(Share{0, replicas}.size(train.batch_size));
}

TrainingSetup::TrainingSetup(const Config& config, RankGroup& ranks, const Algorithms& algorithms) : share(ranks.share()) {
  check_parts(config.train, share.num_ranks);
  backend = open_device(config.device, ranks.place());
  check_same_backend(ranks.world(), std::string(backend->name()));
  ranks.connect(backend);
  manifest = read_manifest(config.data.path);
  const std::int64_t num_classes = agreed_classes(config, manifest);
  if (!manifest.splits.contains("train")) {
    fail(ExitCode::bad_data, "data set {}: it has no training split", config.data.path);
  }
  Network network = make_network(config.model, config.data.crop, num_classes, {ranks.column(), ranks.layout().columns, ranks.columns()});
  train_shards = std::make_shared<const Shards>(config.data.path, manifest, "train");
  epoch_samples = train_shards->size();
  if (config.data.limit) epoch_samples = std::min(epoch_samples, static_cast<std::uint64_t>(*config.data.limit));
  if (static_cast<std::uint64_t>(config.train.batch_size) > epoch_samples) {
    fail(ExitCode::configuration, "train.batch_size is {}, larger than the {} training pictures of {}{}; set it to {} or less",
         config.train.batch_size, epoch_samples, config.data.path, config.data.limit ? " within data.limit" : "", epoch_samples);
  }
  if (config.schedule.kind == "plateau" && !manifest.splits.contains(config.train.validate_splits.front())) {
    fail(ExitCode::configuration,
         "schedule.kind is plateau, but the data set {} has no split {} to validate on; set schedule.kind to steps or constant",
         config.data.path, config.train.validate_splits.front());
  }

  statistics = config.data.statistics == "checkpoint"
                   ? read_checkpoint(find_checkpoint(config.train.init.checkpoint.value_or(""))).statistics
                   : read_statistics(config.data.path);
  num_loader_threads = static_cast<int>(
      config.device.threads.value_or(std::max(1U, std::thread::hardware_concurrency() / static_cast<unsigned>(ranks.place().num_sharing))));
  GraphOptions options;
  options.batch_size = largest_part(config.train, share.num_ranks);
  options.sums_parts = config.train.micro_batches > 1;
  options.image_height = options.image_width = manifest.size;
  options.input_scale = static_cast<float>(config.data.scale);
  options.optimizer = config.optimizer;
  options.activation_type = activation_type(config.device.precision);
  options.algorithms = algorithms;
  graph = std::make_unique<Graph>(std::move(network), backend, options);
  graph->set_mean(make_mean(config.data, statistics).tensor());
  graph->initialize(config.seed);
  if (config.train.init.checkpoint) {
    const std::string path = find_checkpoint(*config.train.init.checkpoint);
    load_parameters(path, *graph, {.velocities = false, .skip = config.train.init.skip});
    log::info("starts from the weights of {}", path);
  }
}

std::unique_ptr<Loader> TrainingSetup::training_loader(const Config& config, std::uint64_t first_sample) const {
  return std::make_unique<Loader>(train_shards, manifest, config.train.batch_size, num_loader_threads,
                                  TrainingOrder{config.seed, first_sample},
                                  Augmenter(config.data, config.seed, statistics, manifest.size, manifest.size), epoch_samples, share);
}

std::unique_ptr<Loader> TrainingSetup::evaluation_loader(const Config& config, const std::string& split) const {
  if (!manifest.splits.contains(split)) return nullptr;
  const bool is_train = split == "train";
  auto shards = is_train ? train_shards : std::make_shared<const Shards>(config.data.path, manifest, split);
  return std::make_unique<Loader>(std::move(shards), manifest, graph->batch_size() * share.num_ranks, num_loader_threads, config.data.crop,
                                  is_train ? epoch_samples : 0, share);
}

}  // namespace alexnet
