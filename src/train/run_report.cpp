#include "train/run_report.hpp"

#include <nlohmann/json.hpp>

#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"

namespace alexnet {

using nlohmann::json;

void write_environment(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options) {
  json shards = json::object();
  for (const auto& [split, info] : setup.manifest.splits) {
    for (const ShardInfo& shard : info.shards) shards[shard.file] = shard.xxh3_128;
  }
  const json environment = {{"version", json::parse(options.version_json, nullptr, false)},
                            {"backend", setup.backend->name()},
                            {"device", setup.backend->description()},
                            {"loader_threads", setup.num_loader_threads},
                            {"data", {{"path", options.config.data.path}, {"xxh3_128", shards}}},
                            {"command_line", options.command_line}};
  write_file_atomically(run.file("environment.json"), environment.dump(2) + "\n");
}

void announce(const RunDirectory& run, const TrainingSetup& setup, const Config& config) {
  const Network& network = setup.graph->network();
  log::info("run directory {}", run.path());
  log::info("{}; {} parameters, {:.1f} M multiply-accumulates per image; memory: parameters {:.1f} MiB, activations {:.1f} MiB",
            setup.backend->description(), network.num_parameters(), static_cast<double>(network.macs()) / 1e6,
            static_cast<double>(setup.graph->plan().parameter_bytes) / (1 << 20),
            static_cast<double>(setup.graph->plan().activation_bytes) / (1 << 20));
  log::info("{}: {} training pictures in {} classes, stored at {} x {}, crop {} x {}", config.data.path, setup.epoch_samples,
            setup.manifest.classes.size(), setup.manifest.size, setup.manifest.size, config.data.crop, config.data.crop);
}

}  // namespace alexnet
