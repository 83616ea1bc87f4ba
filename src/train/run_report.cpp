#include "train/run_report.hpp"

#include <nlohmann/json.hpp>

#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"

namespace alexnet {

using nlohmann::json;

void write_environment(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options, const RankGroup& ranks) {
  json shards = json::object();
  for (const auto& [split, info] : setup.manifest.splits) {
    for (const ShardInfo& shard : info.shards) shards[shard.file] = shard.xxh3_128;
  }
  const json environment = {{"version", json::parse(options.version_json, nullptr, false)},
                            {"backend", setup.backend->name()},
                            {"device", setup.backend->description()},
                            {"loader_threads", setup.num_loader_threads},
                            {"replicas", ranks.layout().replicas},
                            {"column_devices", ranks.layout().columns},
                            {"data", {{"path", options.config.data.path}, {"xxh3_128", shards}}},
                            {"command_line", options.command_line}};
  write_file_atomically(run.file("environment.json"), environment.dump(2) + "\n");
}

std::string describe_ranks(const RankLayout& layout, const TrainConfig& train) {
  if (layout.num_ranks() == 1 && train.micro_batches == 1) return "";
  const auto counted = [](int count, const char* what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); };
  std::string text;
  if (layout.num_ranks() > 1) {
    text = fmt::format("{} ranks = {} x {}, ", layout.num_ranks(), counted(layout.replicas, "replica"), counted(layout.columns, "column"));
  }
  const std::int64_t each = train.batch_size / layout.replicas, larger = train.batch_size % layout.replicas;
  text += fmt::format("batch {}", train.batch_size);
  if (larger > 0) {
    text += fmt::format(" = {} x {} + {} x {}", larger, each + 1, layout.replicas - larger, each);
  } else if (layout.replicas > 1) {
    text += fmt::format(" = {} x {}", layout.replicas, each);
  }
  if (train.micro_batches > 1) {
    text +=
        fmt::format("{} in {} parts of {}", layout.replicas > 1 ? ", each" : "", train.micro_batches, largest_part(train, layout.replicas));
  }
  return text;
}

void announce(const RunDirectory& run, const TrainingSetup& setup, const Config& config, const RankGroup& ranks) {
  const Network& network = setup.graph->network();
  log::info("run directory {}", run.path());
  const std::string ranks_and_batch = describe_ranks(ranks.layout(), config.train);
  if (!ranks_and_batch.empty()) log::info("{}", ranks_and_batch);
  log::info("{}; {} parameters, {:.1f} M multiply-accumulates per image; memory: parameters {:.1f} MiB, activations {:.1f} MiB",
            setup.backend->description(), network.num_parameters(), static_cast<double>(network.macs()) / 1e6,
            static_cast<double>(setup.graph->plan().parameter_bytes) / (1 << 20),
            static_cast<double>(setup.graph->plan().activation_bytes) / (1 << 20));
  log::info("{}: {} training pictures in {} classes, stored at {} x {}, crop {} x {}", config.data.path, setup.epoch_samples,
            setup.manifest.classes.size(), setup.manifest.size, setup.manifest.size, config.data.crop, config.data.crop);
}

}  // namespace alexnet
