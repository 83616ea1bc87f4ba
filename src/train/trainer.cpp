#include "alexnet/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "alexnet/core/log.hpp"
#include "alexnet/train/evaluator.hpp"
#include "train/layer_statistics.hpp"
#include "train/progress.hpp"
#include "train/run_record.hpp"
#include "train/stop_request.hpp"
#include "train/training_setup.hpp"
#include "train/watchdog.hpp"

namespace alexnet {
namespace {

class Trainer {
 public:
  explicit Trainer(const TrainOptions& options)
      : config_(options.config),
        setup_(config_),
        run_(options.run_directory, options.resume),
        schedule_(config_.schedule, config_.train.batch_size),
        stall_(static_cast<std::int64_t>(setup_.manifest.classes.size()), kStallSteps) {
    log::add_file(run_.file("train.log"));
    state_.epoch_samples = setup_.epoch_samples;
    const bool resumed = options.resume != ResumeMode::fresh && run_.has_checkpoint();
    if (resumed) {
      resume();
    } else if (options.resume != ResumeMode::fresh) {
      log::info("{}: no last.safetensors there: the run starts afresh", run_.path());
    }
    record_.emplace(run_, setup_, options, resumed, state_);
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
  RunPosition position() const { return {state_.step, last_step(), state_.samples, state_.epoch(), learning_rate_}; }
  void log_interval();
  void validate(bool regular);
  bool validation_due(std::uint64_t samples_before) const;
  void save(bool is_best);
  ExitCode leave(const std::string& state, ExitCode code);

  Config config_;
  TrainingSetup setup_;
  RunDirectory run_;
  std::optional<RunRecord> record_;
  Schedule schedule_;
  StallWatch stall_;
  TrainingState state_;
  double learning_rate_ = 0;
  std::uint64_t saved_step_ = std::numeric_limits<std::uint64_t>::max();
  double saved_at_s_ = now_s();
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
  warn_of_other_resampler(checkpoint, setup_.manifest, path, config_.data.path);
  load_parameters(path, *setup_.graph, {.velocities = true, .skip = {}});
  for (const std::string& difference : diff_configs(checkpoint.config, config_))
    log::warning("changed since the checkpoint: {}", difference);
  state_ = checkpoint.state;
  schedule_ = Schedule(config_.schedule, config_.train.batch_size, state_.schedule);
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
  step.count_images(batch->valid);
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
  graph.backward({.frozen = frozen});
  graph.update(frozen);
  setup_.backend->synchronize();

  ++state_.step;
  state_.samples += static_cast<std::uint64_t>(batch->valid);
  if (statistics_due) {
    record_->write_layer_statistics(position(), statistics.collect());
  }
  record_->add_step({now_s() - begin, waited_s, static_cast<std::uint64_t>(batch->valid)});
  loader.give_back(batch);
}

// A fused ReLU of oneDNN turns NaN into 0, so a finite loss does not prove finite weights: before a checkpoint they are looked at too.
bool Trainer::check_finite(bool look_at_weights) {
  const bool loss_is_finite = setup_.graph->totals().finite != 0;
  if (loss_is_finite && !look_at_weights) return true;
  const std::string where = find_not_finite(*setup_.graph);
  if (loss_is_finite && where.empty()) return true;
  log::error("training diverged by step {}: {}{}; {}: lower schedule.learning_rate (now {:g})", state_.step,
             loss_is_finite ? "" : "the loss is not finite; ", where.empty() ? "all weights are finite still" : where,
             run_.has_checkpoint() ? "the last good checkpoint is " + run_.file("last.safetensors") : "no checkpoint was written yet",
             learning_rate_);
  return false;
}

void Trainer::log_interval() {
  const std::optional<double> loss = record_->write_interval(position(), setup_.graph->totals());
  setup_.graph->reset_totals();
  if (!loss || !stall_.observe(*loss, state_.step)) return;
  bool bias_one = false;
  double smallest_std = 1;
  for (const LayerConfig& layer : config_.model.layers) {
    if (layer.type != "conv2d") continue;
    bias_one = bias_one || layer.bias.value == 1;
    smallest_std = std::min(smallest_std, layer.weights.std);
  }
  log::warning("the loss stays at ln(classes): nothing is learned yet. Usual reasons: {}",
               StallWatch::usual_reasons(learning_rate_, bias_one, smallest_std));
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
    record_->write_validation(position(), split, evaluation, config_.train.validate_views);
    if (i != 0) continue;
    record_->set_last_validation(result);
    if (split != "train" && validation_is_at_chance(record_->last_training_top1_error(), result.top1_error, graph.network().num_classes)) {
      log::warning("validation is no better than chance while training is: do the labels of the two splits belong to the same classes?");
    }
    if (!regular) continue;
    const double value = result.metric(config_.checkpoint.best_by);
    if (!state_.best || value < *state_.best) {
      state_.best = value;
      record_->set_best_validation(result);
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
  record_->write_summary(position(), "running", state_.best, ExitCode::done);
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

ExitCode Trainer::leave(const std::string& state, ExitCode code) {
  record_->write_summary(position(), state, state_.best, code);
  record_->write_end(position(), state);
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
      record_->show_status(position(), *setup_.graph);
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
