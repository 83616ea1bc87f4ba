#include "alexnet/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/train/evaluator.hpp"
#include "train/layer_statistics.hpp"
#include "train/metrics_file.hpp"
#include "train/progress.hpp"
#include "train/run_report.hpp"
#include "train/stop_request.hpp"
#include "train/training_setup.hpp"
#include "train/watchdog.hpp"

namespace alexnet {
namespace {

using nlohmann::json;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

json to_json(const ValidationResult& r, std::size_t num_classes) {
  return {
      {"loss", r.loss}, {"top1_error", r.top1_error}, {"top5_error", num_classes < 6 ? json() : json(r.top5_error)}, {"images", r.images}};
}

class Trainer {
 public:
  explicit Trainer(const TrainOptions& options)
      : config_(options.config),
        setup_(config_),
        run_(options.run_directory, options.resume),
        schedule_(config_.schedule),
        stall_(static_cast<std::int64_t>(setup_.manifest.classes.size()), kStallSteps) {
    log::add_file(run_.file("train.log"));
    state_.epoch_samples = setup_.epoch_samples;
    const bool resumed = options.resume != ResumeMode::fresh && run_.has_checkpoint();
    if (resumed) {
      resume();
    } else if (options.resume != ResumeMode::fresh) {
      log::info("{}: no last.safetensors there: the run starts afresh", run_.path());
    }
    metrics_.emplace(run_.file("metrics.jsonl"), resumed, state_.step);
    write_file_atomically(run_.file("config.yaml"), dump_config(config_));
    write_environment(run_, setup_, options);
    metrics_->write({{"kind", resumed ? "resume" : "start"},
                     {"step", state_.step},
                     {"epoch", state_.epoch()},
                     {"parameters", setup_.graph->network().num_parameters()},
                     {"train_images", state_.epoch_samples}});
    announce(run_, setup_, config_);
  }
  ~Trainer() { log::remove_file(run_.file("train.log")); }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  ExitCode run();

 private:
  static constexpr std::uint64_t kStallSteps = 300;

  void resume();
  void one_step(Loader& loader);
  bool finished() const;
  std::uint64_t last_step() const;
  bool log_due() const { return state_.step % static_cast<std::uint64_t>(config_.train.log_every_steps) == 0; }
  bool check_finite(bool look_at_weights);
  ProgressLine progress(double loss, double top1_error) const;
  void log_interval();
  void show_status();
  void validate(bool regular);
  bool validation_due(std::uint64_t samples_before) const;
  void save(bool is_best);
  void write_summary(const std::string& state, ExitCode code) const;
  ExitCode leave(const std::string& state, ExitCode code);

  Config config_;
  TrainingSetup setup_;
  RunDirectory run_;
  std::optional<MetricsFile> metrics_;
  Schedule schedule_;
  StallWatch stall_;
  TrainingState state_;
  double learning_rate_ = 0;
  Pace interval_pace_, total_pace_;
  std::optional<ValidationResult> last_validation_, best_validation_;
  double last_training_top1_ = 1;
  std::uint64_t saved_step_ = std::numeric_limits<std::uint64_t>::max();
  double saved_at_s_ = now_s();
  double status_shown_s_ = 0;
};

void Trainer::resume() {
  const std::string path = run_.file("last.safetensors");
  Checkpoint checkpoint = read_checkpoint(path);
  check_same_classes(checkpoint.classes, setup_.manifest.classes, path, config_.data.path);
  if (checkpoint.state.epoch_samples != state_.epoch_samples) {
    fail(ExitCode::bad_data,
         "{}: its run had {} training pictures, the data set {} has {}: a resumed run must see the same; start a new one with train.init",
         path, checkpoint.state.epoch_samples, config_.data.path, state_.epoch_samples);
  }
  load_parameters(path, *setup_.graph, {.velocities = true, .skip = {}});
  for (const std::string& difference : diff_configs(checkpoint.config, config_))
    log::warning("changed since the checkpoint: {}", difference);
  state_ = checkpoint.state;
  schedule_ = Schedule(config_.schedule, state_.schedule);
  setup_.graph->reset_totals(state_.interval);
  saved_step_ = state_.step;
  log::info("goes on from {}, step {}, epoch {:.2f}", path, state_.step, state_.epoch());
}

std::uint64_t Trainer::last_step() const {
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  if (config_.train.epochs) {
    const double samples = *config_.train.epochs * static_cast<double>(state_.epoch_samples);
    last = static_cast<std::uint64_t>(std::ceil(samples / static_cast<double>(config_.train.batch_size) - 1e-9));
  }
  if (config_.train.max_steps) last = std::min(last, static_cast<std::uint64_t>(*config_.train.max_steps));
  return last;
}

bool Trainer::finished() const { return state_.step >= last_step() || schedule_.state().ended; }

void Trainer::one_step(Loader& loader) {
  Graph& graph = *setup_.graph;
  const double begin = now_s();
  const Batch* batch = loader.next();
  const double waited_s = now_s() - begin;

  const double epoch = state_.epoch();
  learning_rate_ = schedule_.learning_rate(state_.step, state_.samples, state_.epoch_samples);
  StepParameters step = make_step_parameters(config_, graph.network(), epoch, learning_rate_);
  step.first_sample = batch->first_sample;
  step.valid_images = static_cast<std::int32_t>(batch->valid);
  std::vector<bool> frozen;
  for (const auto& layer : graph.network().layers) frozen.push_back(layer->config().lr_mult.at(epoch) == 0);
  const auto every = static_cast<std::uint64_t>(config_.train.layer_statistics_every_steps);
  const bool statistics_due = every != 0 && state_.step % every == 0;
  LayerStatistics statistics(graph);

  graph.set_images(batch->pixels, batch->labels, batch->transforms);
  graph.set_step(step);
  graph.forward(true, statistics_due ? statistics.observer() : nullptr);
  if (state_.step == 0) {
    const auto num_classes = static_cast<std::int64_t>(setup_.manifest.classes.size());
    const double loss = graph.totals().loss / static_cast<double>(batch->valid);
    log::info("{}", describe_first_loss(loss, num_classes));
    if (first_loss_is_suspicious(loss, num_classes))
      log::warning("the first loss is far above chance: initial weights too large, or pixels not scaled as the recipe expects");
  }
  graph.backward(frozen);
  graph.update(frozen);
  setup_.backend->synchronize();

  ++state_.step;
  state_.samples += static_cast<std::uint64_t>(batch->valid);
  if (statistics_due) {
    metrics_->write({{"kind", "layers"}, {"step", state_.step}, {"epoch", state_.epoch()}, {"layers", statistics.collect()}});
  }
  interval_pace_.add({now_s() - begin, waited_s, static_cast<std::uint64_t>(batch->valid)});
  loader.give_back(batch);
}

// A fused ReLU of oneDNN turns NaN into 0, so a finite loss does not prove finite weights: before a checkpoint they are looked at too.
bool Trainer::check_finite(bool look_at_weights) {
  const bool loss_is_finite = setup_.graph->totals().finite != 0;
  if (loss_is_finite && !look_at_weights) return true;
  const std::string where = find_not_finite(*setup_.graph);
  if (loss_is_finite && where.empty()) return true;
  log::error("training diverged by step {}: {}{}; {}: lower schedule.learning_rate (now {})", state_.step,
             loss_is_finite ? "" : "the loss is not finite; ", where.empty() ? "all weights are finite still" : where,
             run_.has_checkpoint() ? "the last good checkpoint is " + run_.file("last.safetensors") : "no checkpoint was written yet",
             learning_rate_);
  return false;
}

ProgressLine Trainer::progress(double loss, double top1_error) const {
  const double steps_left = static_cast<double>(last_step() - state_.step);
  return {state_.step,   last_step(), state_.epoch(),
          loss,          top1_error,  steps_left * static_cast<double>(config_.train.batch_size) / interval_pace_.images_per_s(),
          interval_pace_};
}

// Between two lines of the log, on a terminal: the figures since the last one, twice a second.
void Trainer::show_status() {
  if (!log::stderr_is_terminal() || now_s() - status_shown_s_ < 0.5) return;
  status_shown_s_ = now_s();
  const LossTotals totals = setup_.graph->totals();
  const auto images = static_cast<double>(std::max<std::int64_t>(totals.images, 1));
  log::status_line(progress(totals.loss / images, static_cast<double>(totals.top1_errors) / images).str());
}

void Trainer::log_interval() {
  const LossTotals totals = setup_.graph->totals();
  if (totals.images == 0) return;
  const auto images = static_cast<double>(totals.images);
  const double loss = totals.loss / images, top1_error = static_cast<double>(totals.top1_errors) / images;
  last_training_top1_ = top1_error;
  metrics_->write({{"kind", "train"},
                   {"step", state_.step},
                   {"epoch", state_.epoch()},
                   {"images", state_.samples},
                   {"loss", loss},
                   {"top1_error", top1_error},
                   {"learning_rate", learning_rate_},
                   {"images_per_s", std::round(interval_pace_.images_per_s() * 10) / 10},
                   {"data_wait", std::round(interval_pace_.data_wait() * 1000) / 1000}});
  log::info("{}", progress(loss, top1_error).str());
  if (stall_.observe(loss, state_.step)) {
    bool bias_one = false;
    double smallest_std = 1;
    for (const LayerConfig& layer : config_.model.layers) {
      if (layer.type != "conv2d") continue;
      bias_one = bias_one || layer.bias.value == 1;
      smallest_std = std::min(smallest_std, layer.weights.std);
    }
    log::warning("{}", StallWatch::hint(learning_rate_, bias_one, smallest_std));
  }
  total_pace_.add(interval_pace_);
  interval_pace_ = {};
  setup_.graph->reset_totals();
}

bool Trainer::validation_due(std::uint64_t samples_before) const {
  const double period = config_.train.validate_every_epochs * static_cast<double>(state_.epoch_samples);
  return std::floor(static_cast<double>(state_.samples) / period) > std::floor(static_cast<double>(samples_before) / period);
}

// A regular validation, one in the rhythm of the epochs, feeds the schedule and `best`; the one at the end of a run that stops
// elsewhere does not, so that a run of 10 + 10 steps takes the same decisions as one of 20.
void Trainer::validate(bool regular) {
  Graph& graph = *setup_.graph;
  const LossTotals interval = graph.totals();
  bool is_best = false;
  for (std::size_t i = 0; i < config_.train.validate_splits.size(); ++i) {
    const std::string& split = config_.train.validate_splits[i];
    const auto loader = setup_.evaluation_loader(config_, split);
    if (loader == nullptr) {
      log::warning("the data set {} has no split {}: not validated", config_.data.path, split);
      continue;
    }
    EvaluatedModel model{&graph, make_step_parameters(config_, graph.network(), state_.epoch(), 0), config_.data.crop};
    const auto evaluation =
        evaluate({&model, 1}, *loader, setup_.manifest.size, setup_.manifest.size, static_cast<int>(config_.train.validate_views));
    const ValidationResult& result = evaluation.result;
    json line = to_json(result, setup_.manifest.classes.size());
    line.update({{"kind", "validation"},
                 {"step", state_.step},
                 {"epoch", state_.epoch()},
                 {"split", split},
                 {"views", config_.train.validate_views}});
    metrics_->write(line);
    const std::string top5 = graph.network().num_classes < 6 ? "" : fmt::format("  top-5 error {:.2f} %", 100 * result.top5_error);
    log::info("epoch {:.2f}  {}: loss {:.4f}  top-1 error {:.2f} %{}  ({} pictures, {:.1f} images/s)", state_.epoch(), split, result.loss,
              100 * result.top1_error, top5, result.images, static_cast<double>(result.images) / evaluation.seconds);
    if (i != 0) continue;
    last_validation_ = result;
    if (split != "train" && validation_is_at_chance(last_training_top1_, result.top1_error, graph.network().num_classes)) {
      log::warning("validation is no better than chance while training is: do the labels of the two splits belong to the same classes?");
    }
    if (!regular) continue;
    const double value = result.metric(config_.checkpoint.best_by);
    if (!state_.best || value < *state_.best) {
      state_.best = value;
      best_validation_ = result;
      is_best = true;
    }
    if (schedule_.observe(result, state_.epoch())) {
      log::info("{} stopped improving: {}", config_.schedule.plateau.metric,
                schedule_.state().ended
                    ? "the schedule ends here"
                    : fmt::format("learning rate now {:g}", schedule_.learning_rate(state_.step, state_.samples, state_.epoch_samples)));
    }
  }
  graph.reset_totals(interval);
  save(is_best);
  write_summary("running", ExitCode::done);
}

void Trainer::save(bool is_best) {
  state_.schedule = schedule_.state();
  state_.interval = setup_.graph->totals();
  const Checkpoint checkpoint{config_, state_, setup_.manifest.classes, setup_.statistics, setup_.manifest.size, setup_.manifest.resampler};
  save_checkpoint(run_.checkpoint_file(state_.step), *setup_.graph, checkpoint);
  run_.link_checkpoint(state_.step, "last.safetensors");
  if (is_best) run_.link_checkpoint(state_.step, "best.safetensors");
  run_.remove_old_checkpoints(config_.checkpoint.keep);
  saved_step_ = state_.step;
  saved_at_s_ = now_s();
  log::debug("checkpoint {}", run_.checkpoint_file(state_.step));
}

void Trainer::write_summary(const std::string& state, ExitCode code) const {
  Pace pace = total_pace_;
  pace.add(interval_pace_);
  const std::size_t num_classes = setup_.manifest.classes.size();
  const json summary = {{"state", state},
                        {"exit_code", static_cast<int>(code)},
                        {"step", state_.step},
                        {"epoch", state_.epoch()},
                        {"best_by", config_.checkpoint.best_by},
                        {"best_value", state_.best ? json(*state_.best) : json()},
                        {"best", best_validation_ ? to_json(*best_validation_, num_classes) : json()},
                        {"last", last_validation_ ? to_json(*last_validation_, num_classes) : json()},
                        {"images_per_s", pace.images_per_s()},
                        {"data_wait", pace.data_wait()},
                        {"hours", metrics_->time_s() / 3600}};
  write_file_atomically(run_.file("summary.json"), summary.dump(2) + "\n");
}

ExitCode Trainer::leave(const std::string& state, ExitCode code) {
  metrics_->write({{"kind", "end"}, {"step", state_.step}, {"epoch", state_.epoch()}, {"state", state}});
  write_summary(state, code);
  log::info("{} at step {}, epoch {:.2f}; everything lies in {}", state, state_.step, state_.epoch(), run_.path());
  return code;
}

ExitCode Trainer::run() {
  SignalGuard signals;
  const double started_s = now_s();
  const auto loader = setup_.training_loader(config_, state_.samples);
  while (!finished()) {
    const std::uint64_t samples_before = state_.samples;
    one_step(*loader);
    const bool validate_now = validation_due(samples_before);
    const bool stop_asked = signals.stop_request() != StopRequest::none;
    const bool out_of_time = config_.train.max_minutes && now_s() - started_s >= 60 * *config_.train.max_minutes;
    const auto& c = config_.checkpoint;
    const bool checkpoint_due = (c.every_steps && state_.step % static_cast<std::uint64_t>(*c.every_steps) == 0) ||
                                (c.every_minutes && now_s() - saved_at_s_ >= 60 * *c.every_minutes) || signals.take_snapshot_request();
    const bool will_save = validate_now || stop_asked || out_of_time || checkpoint_due || finished();
    if ((log_due() || will_save) && !check_finite(will_save)) return leave("diverged", ExitCode::answer_is_no);
    if (log_due()) {
      log_interval();
    } else {
      show_status();
    }
    if (validate_now) {
      validate(true);
    } else if (checkpoint_due || stop_asked || out_of_time) {
      save(false);
    }
    if (stop_asked && !finished()) {
      const bool interrupted = signals.stop_request() == StopRequest::interrupt;
      return leave(interrupted ? "interrupted" : "stopped by a signal", interrupted ? ExitCode::interrupted : ExitCode::run_again);
    }
    if (out_of_time && !finished()) return leave("stopped by train.max_minutes", ExitCode::run_again);
  }
  if (saved_step_ != state_.step) validate(false);
  return leave("done", ExitCode::done);
}

}  // namespace

ExitCode train(const TrainOptions& options) {
  TrainOptions resolved = options;
  const bool is_default = options.run_directory.empty();
  if (is_default) resolved.run_directory = default_run_directory(options.config_name);
  Trainer trainer(resolved);
  if (is_default) link_latest(resolved.run_directory);
  return trainer.run();
}

}  // namespace alexnet
