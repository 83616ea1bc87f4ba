// alexnet eval: top-1 and top-5 error of a checkpoint, or of the average of several, beside the reference figures.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "alexnet/core/log.hpp"
#include "alexnet/train/evaluator.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct Options {
  std::vector<std::string> checkpoints;
  std::string data, split = "val", backend = "auto", dtype, predictions;
  int views = 1;
  std::int64_t batch_size = 64;
  bool json = false;
};

// key -> source path, from OUT/<split>.tsv; empty when the file is not there.
std::map<std::string, std::string> read_sources(const std::string& data, const std::string& split) {
  std::map<std::string, std::string> sources;
  std::ifstream file(data + "/" + split + ".tsv");
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, '\t');) fields.push_back(field);
    if (fields.size() >= 5) sources[fields[0]] = fields[4];
  }
  return sources;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

class PredictionsFile {
 public:
  PredictionsFile(const std::string& path, const std::string& data, const std::string& split, const Shards& shards, Backend& backend,
                  std::int64_t num_classes)
      : path_(path), file_(path), sources_(read_sources(data, split)), shards_(shards), backend_(backend), num_classes_(num_classes) {
    if (!file_) fail(ExitCode::io_failed, "--predictions {}: cannot be opened for writing", path);
    file_ << "key,source,label,top1,top2,top3,top4,top5,probability1,probability2,probability3,probability4,probability5\n";
  }
  void add(const Batch& batch, std::span<const float> probabilities) {
    const std::int64_t k = std::min<std::int64_t>(5, num_classes_);
    const auto ranked = best_classes(backend_, probabilities, num_classes_, k);
    for (std::size_t n = 0; n < ranked.size(); ++n) {
      const std::string key(shards_.key(batch.indices[n]));
      file_ << key << ',' << csv_field(sources_[key]) << ',' << batch.labels[n];
      for (std::size_t i = 0; i < 5; ++i) file_ << ',' << (i < ranked[n].size() ? std::to_string(ranked[n][i].index) : "");
      for (std::size_t i = 0; i < 5; ++i) file_ << ',' << (i < ranked[n].size() ? fmt::format("{:.6f}", ranked[n][i].probability) : "");
      file_ << '\n';
    }
  }
  void close() {
    file_.close();
    if (!file_) fail(ExitCode::io_failed, "--predictions {}: writing failed (disk full?)", path_);
  }

 private:
  std::string path_;
  std::ofstream file_;
  std::map<std::string, std::string> sources_;
  const Shards& shards_;
  Backend& backend_;
  std::int64_t num_classes_;
};

std::string percent(double fraction) { return fmt::format("{:.2f} %", 100 * fraction); }

void print_table(const EvaluationResult& e, const Options& options, const Config& config, std::size_t num_classes,
                 const std::string& checkpoint) {
  const bool has_top5 = num_classes >= 6;
  const auto row = [&](const std::string& what, double top1, double top5) {
    fmt::print("{:<44} {:>10} {:>10}\n", what, percent(top1), has_top5 ? percent(top5) : "-");
  };
  fmt::print("{} on split {}: {} pictures, {} view{}, loss {:.4f}, {:.1f} images/s\n\n", checkpoint, options.split, e.result.images,
             options.views, options.views == 1 ? "" : "s", e.result.loss, static_cast<double>(e.result.images) / e.seconds);
  fmt::print("{:<44} {:>10} {:>10}\n", "", "top-1", "top-5");
  row(fmt::format("this network, {}", options.views == 1 ? "centre crop" : "10 views"), e.result.top1_error, e.result.top5_error);
  if (e.centre) row("this network, centre crop", e.centre->top1_error, e.centre->top5_error);
  // Reference figures hold for the classes that the config was written for, not for those of `num_classes: auto`.
  if (!config.model.num_classes) return;
  for (const ReferenceRow& reference : config.reference) {
    if (reference.views == options.views || e.centre) row("reference: " + reference.text, reference.top1_error, reference.top5_error);
  }
}

nlohmann::json to_json(const EvaluationResult& e, const Options& options, std::size_t num_classes, const std::string& checkpoint) {
  const auto top5 = [&](double value) { return num_classes < 6 ? nlohmann::json() : nlohmann::json(value); };
  nlohmann::json json = {{"top1_error", e.result.top1_error},
                         {"top5_error", top5(e.result.top5_error)},
                         {"loss", e.result.loss},
                         {"images", e.result.images},
                         {"views", options.views},
                         {"split", options.split},
                         {"checkpoint", checkpoint},
                         {"images_per_s", static_cast<double>(e.result.images) / e.seconds}};
  if (e.centre) {
    json["top1_error_centre"] = e.centre->top1_error;
    json["top5_error_centre"] = top5(e.centre->top5_error);
  }
  return json;
}

ExitCode run(const Options& options) {
  const std::shared_ptr<Backend> backend = make_backend(options.backend, {0});
  std::vector<LoadedModel> models;
  for (const std::string& path : options.checkpoints) {
    models.push_back(load_model(path, backend, options.batch_size, options.dtype));
    if (models.back().path != path) log::info("{}: takes {}", path, models.back().path);
  }
  const Checkpoint& first = models.front().checkpoint;
  const std::string data = options.data.empty() ? first.config.data.path : options.data;
  const DatasetManifest manifest = read_manifest(data);
  std::vector<EvaluatedModel> evaluated;
  for (const LoadedModel& model : models) {
    check_same_classes(model.checkpoint.classes, manifest.classes, model.path, data);
    if (model.checkpoint.picture_size != manifest.size) {
      fail(ExitCode::bad_data, "{} was trained on pictures of {} x {}, the data set {} has {} x {}: prepare it with --size {}", model.path,
           model.checkpoint.picture_size, model.checkpoint.picture_size, data, manifest.size, manifest.size, model.checkpoint.picture_size);
    }
    warn_of_other_resampler(model.checkpoint, manifest, model.path, data);
    evaluated.push_back(model.evaluated());
  }
  if (!manifest.splits.contains(options.split)) {
    std::string known;
    for (const auto& [name, info] : manifest.splits) known += " " + name;
    fail(ExitCode::command_line, "--split {}: the data set {} has{}", options.split, data, known);
  }
  const auto shards = std::make_shared<const Shards>(data, manifest, options.split);
  Loader loader(shards, manifest, options.batch_size, static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
                first.config.data.crop, 0);
  std::unique_ptr<PredictionsFile> predictions;
  PredictionSink sink;
  if (!options.predictions.empty()) {
    predictions = std::make_unique<PredictionsFile>(options.predictions, data, options.split, *shards, *backend,
                                                    static_cast<std::int64_t>(manifest.classes.size()));
    sink = [&](const Batch& batch, std::span<const float> probabilities) { predictions->add(batch, probabilities); };
  }
  const EvaluationResult result = evaluate(evaluated, loader, manifest.size, manifest.size, options.views, sink);
  if (predictions) predictions->close();
  std::string names;
  for (const LoadedModel& model : models) names += (names.empty() ? "" : " + ") + model.path;
  if (options.json) {
    fmt::print("{}\n", to_json(result, options, manifest.classes.size(), names).dump());
  } else {
    print_table(result, options, first.config, manifest.classes.size(), names);
  }
  return ExitCode::done;
}

}  // namespace

void add_eval_command(CLI::App& app, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("eval", "Top-1 and top-5 error of a checkpoint; several checkpoints: of their average");
  command->add_option("--checkpoint", options->checkpoints, "Checkpoint file or run directory (its best, else its last)")
      ->type_name("F|RUN")
      ->required();
  command->add_option("--data", options->data, "Data set [the one the checkpoint was trained on]")->type_name("OUT");
  command->add_option("--split", options->split, "Split of the data set")->capture_default_str();
  command->add_option("--views", options->views, "1: centre crop; 10: corners, centre and their mirror images, averaged")
      ->check(CLI::IsMember({1, 10}))
      ->capture_default_str();
  command->add_option("--batch", options->batch_size, "Pictures at a time")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--backend", options->backend, "auto | onednn | cuda | cudnn")->capture_default_str();
  command->add_option("--dtype", options->dtype, "f32|tf32|bf16 [the checkpoint's]")->check(CLI::IsMember({"f32", "tf32", "bf16"}));
  command->add_option("--predictions", options->predictions, "Write the five best classes of each picture")->type_name("F.csv");
  command->add_flag("--json", options->json, "One JSON object; errors as fractions");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
