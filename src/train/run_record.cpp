#include "train/run_record.hpp"

#include <algorithm>
#include <cmath>

#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"
#include "train/run_report.hpp"

namespace alexnet {
namespace {

using nlohmann::json;

json to_json(const ValidationResult& r, std::size_t num_classes) {
  return {
      {"loss", r.loss}, {"top1_error", r.top1_error}, {"top5_error", num_classes < 6 ? json() : json(r.top5_error)}, {"images", r.images}};
}

double rounded(double value, double per_unit) { return std::round(value * per_unit) / per_unit; }

}  // namespace

RunRecord::RunRecord(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options, const RankGroup& ranks, bool resumed,
                     const TrainingState& state)
    : run_(run),
      setup_(setup),
      batch_size_(options.config.train.batch_size),
      best_by_(options.config.checkpoint.best_by),
      metrics_(run.file("metrics.jsonl"), resumed, state.step) {
  write_file_atomically(run.file("config.yaml"), dump_config(options.config));
  write_environment(run, setup, options, ranks);
  metrics_.write({{"kind", resumed ? "resume" : "start"},
                  {"step", state.step},
                  {"epoch", state.epoch()},
                  {"parameters", setup.graph->network().num_parameters()},
                  {"train_images", state.epoch_samples}});
  announce(run, setup, options.config, ranks);
}

void RunRecord::write_layer_statistics(const RunPosition& at, const json& layers) {
  metrics_.write({{"kind", "layers"}, {"step", at.step}, {"epoch", at.epoch}, {"layers", layers}});
}

ProgressLine RunRecord::progress(const RunPosition& at, const LossTotals& totals) const {
  const auto images = static_cast<double>(std::max<std::int64_t>(totals.images, 1));
  const double images_left = static_cast<double>(at.last_step - at.step) * static_cast<double>(batch_size_);
  return {at.step,
          at.last_step,
          at.epoch,
          totals.loss / images,
          static_cast<double>(totals.top1_errors) / images,
          images_left / interval_pace_.images_per_s(),
          interval_pace_};
}

std::optional<double> RunRecord::write_interval(const RunPosition& at, const LossTotals& totals) {
  if (totals.images == 0) return std::nullopt;
  const ProgressLine line = progress(at, totals);
  last_training_top1_error_ = line.top1_error;
  metrics_.write({{"kind", "train"},
                  {"step", at.step},
                  {"epoch", at.epoch},
                  {"images", at.samples},
                  {"loss", line.loss},
                  {"top1_error", line.top1_error},
                  {"learning_rate", at.learning_rate},
                  {"images_per_s", rounded(interval_pace_.images_per_s(), 10)},
                  {"data_wait", rounded(interval_pace_.data_wait(), 1000)}});
  log::info("{}", line.str());
  total_pace_.add(interval_pace_);
  interval_pace_ = {};
  return line.loss;
}

bool RunRecord::status_is_due() const { return log::stderr_is_terminal() && now_s() - status_shown_s_ >= 0.5; }

void RunRecord::show_status(const RunPosition& at, const LossTotals& totals) {
  status_shown_s_ = now_s();
  log::status_line(progress(at, totals).str());
}

void RunRecord::write_validation(const RunPosition& at, const std::string& split, const EvaluationResult& evaluation, std::int64_t views) {
  const ValidationResult& result = evaluation.result;
  json line = to_json(result, num_classes());
  line.update({{"kind", "validation"}, {"step", at.step}, {"epoch", at.epoch}, {"split", split}, {"views", views}});
  metrics_.write(line);
  const std::string top5 = num_classes() < 6 ? "" : fmt::format("  top-5 error {:.2f} %", 100 * result.top5_error);
  log::info("epoch {:.2f}  {}: loss {:.4f}  top-1 error {:.2f} %{}  ({} pictures, {:.1f} images/s)", at.epoch, split, result.loss,
            100 * result.top1_error, top5, result.images, static_cast<double>(result.images) / evaluation.seconds);
}

void RunRecord::write_summary(const RunPosition& at, const std::string& state, std::optional<double> best_value, ExitCode code) const {
  Pace pace = total_pace_;
  pace.add(interval_pace_);
  const json summary = {{"state", state},
                        {"exit_code", static_cast<int>(code)},
                        {"step", at.step},
                        {"epoch", at.epoch},
                        {"best_by", best_by_},
                        {"best_value", best_value ? json(*best_value) : json()},
                        {"best", best_validation_ ? to_json(*best_validation_, num_classes()) : json()},
                        {"last", last_validation_ ? to_json(*last_validation_, num_classes()) : json()},
                        {"images_per_s", pace.images_per_s()},
                        {"data_wait", pace.data_wait()},
                        {"hours", metrics_.time_s() / 3600}};
  write_file_atomically(run_.file("summary.json"), summary.dump(2) + "\n");
}

void RunRecord::write_end(const RunPosition& at, const std::string& state) {
  metrics_.write({{"kind", "end"}, {"step", at.step}, {"epoch", at.epoch}, {"state", state}});
  log::info("{} at step {}, epoch {:.2f}; everything lies in {}", state, at.step, at.epoch, run_.path());
}

}  // namespace alexnet
