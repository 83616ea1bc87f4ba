#include "alexnet/train/trainer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/train/evaluator.hpp"
#include "train/overdue_watch.hpp"
#include "train/progress.hpp"
#include "train/rank_group.hpp"
#include "train/run_record.hpp"
#include "train/start_checks.hpp"
#include "train/step_report.hpp"
#include "train/stop_request.hpp"
#include "train/training_setup.hpp"
#include "train/training_step.hpp"
#include "train/watchdog.hpp"

namespace alexnet {
namespace {

// The choices of the run that goes on, which the graph must know before it is compiled.
Algorithms algorithms_to_repeat(const TrainOptions& options) {
  const std::string path = options.run_directory + "/last.safetensors";
  if (options.resume == ResumeMode::fresh || !std::filesystem::exists(path)) return {};
  return read_checkpoint(path).algorithms;
}

// A rank of a training. All ranks take the same decisions at the same steps; rank 0 alone writes the run directory.
class Trainer {
 public:
  Trainer(const TrainOptions& options, Communicator& world, RankGroup& ranks)
      : config_(options.config),
        ranks_(ranks),
        setup_(config_, ranks, algorithms_to_repeat(options)),
        run_(ranks.is_first() ? RunDirectory(options.run_directory, options.resume) : RunDirectory(options.run_directory)),
        schedule_(config_.schedule, config_.train.batch_size),
        stall_(static_cast<std::int64_t>(setup_.manifest.classes.size()), kStallSteps),
        training_step_(config_.train, setup_, ranks) {
    check_same_data_set(world, config_.data.path);
    if (config_.train.init.checkpoint) check_same_checkpoint(world, find_checkpoint(*config_.train.init.checkpoint));
    if (ranks.is_first()) log::add_file(run_.file("train.log"));
    state_.epoch_samples = setup_.epoch_samples;
    // Rank 0 has looked after it had locked the directory.
    const bool resumed = ranks.gather<std::int8_t>(options.resume != ResumeMode::fresh && run_.has_checkpoint() ? 1 : 0).front() != 0;
    if (resumed) {
      check_same_checkpoint(world, run_.file("last.safetensors"));
      resume();
    } else if (options.resume != ResumeMode::fresh) {
      log::info("{}: no last.safetensors there: the run starts afresh", run_.path());
    }
    if (ranks.is_first()) record_.emplace(run_, setup_, options, ranks, resumed, state_);
  }
  ~Trainer() {
    if (ranks_.is_first()) log::remove_file(run_.file("train.log"));
  }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  ExitCode run();

 private:
  static constexpr std::uint64_t kStallSteps = 300;

  void resume();
  void one_step(Loader& loader);
  StepReport report(double started_s);
  LossTotals totals() const { return ranks_.size() == 1 ? setup_.graph->totals() : agreed_totals_; }
  bool finished() const;
  std::uint64_t last_step() const;
  bool log_due() const { return state_.step % static_cast<std::uint64_t>(config_.train.log_every_steps) == 0; }
  bool check_finite(bool look_at_weights);
  RunPosition position() const { return {state_.step, last_step(), state_.samples, state_.epoch(), learning_rate_}; }
  void say_first_loss() const;
  void log_interval();
  void validate(bool regular);
  void take_note(const std::string& split, const ValidationResult& result);
  bool validation_due(std::uint64_t samples_before) const;
  void save(bool is_best);
  ExitCode leave(const std::string& state, ExitCode code);
  [[noreturn]] void leave_overdue(double waited_s) const;
  void watched(OverdueWatch::Phase phase, double num_steps = 1) {
    if (watch_) watch_->begin(phase, num_steps);
  }

  Config config_;
  RankGroup& ranks_;
  TrainingSetup setup_;
  RunDirectory run_;
  std::optional<RunRecord> record_;  // of rank 0
  Schedule schedule_;
  StallWatch stall_;
  TrainingStep training_step_;
  TrainingState state_;
  std::optional<OverdueWatch> watch_;  // of several ranks, while they train
  LossTotals agreed_totals_;           // of several ranks, since the last interval
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
  if (ranks_.replica() == 0) setup_.graph->reset_totals(state_.interval);  // they are summed over the replicas
  agreed_totals_ = state_.interval;
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
  std::vector<bool> frozen;
  for (const auto& layer : graph.network().layers) frozen.push_back(layer->config().lr_mult.at(epoch) == 0);
  const auto every = static_cast<std::uint64_t>(config_.train.layer_statistics_every_steps);
  const bool statistics_due = every != 0 && state_.step % every == 0;
  LayerStatistics statistics(graph);
  training_step_.run(*batch, make_step_parameters(config_, graph.network(), epoch, learning_rate_), frozen,
                     statistics_due ? &statistics : nullptr);
  loader.give_back(batch);

  ++state_.step;
  const auto images = static_cast<std::uint64_t>(config_.train.batch_size);
  state_.samples += images;
  if (statistics_due) {
    const nlohmann::json layers = statistics.collect(ranks_);
    if (record_) record_->write_layer_statistics(position(), layers);
  }
  if (record_) record_->add_step({now_s() - begin, waited_s, images});
}

StepReport Trainer::report(double started_s) {
  const auto& every_minutes = config_.checkpoint.every_minutes;
  StepReport own{.totals = {},
                 .stop = stop_request(),
                 .snapshot_wanted = take_snapshot_request(),
                 .out_of_time = config_.train.max_minutes && now_s() - started_s >= 60 * *config_.train.max_minutes,
                 .checkpoint_due = every_minutes && now_s() - saved_at_s_ >= 60 * *every_minutes};
  if (ranks_.size() == 1) return own;
  own.totals = setup_.graph->totals();
  const StepReport agreed = agree(ranks_, own);
  agreed_totals_ = agreed.totals;
  return agreed;
}

void Trainer::say_first_loss() const {
  const auto num_classes = static_cast<std::int64_t>(setup_.manifest.classes.size());
  const LossTotals first = totals();
  const double loss = first.loss / static_cast<double>(first.images);
  log::info("{}", describe_first_loss(loss, num_classes));
  if (first_loss_is_suspicious(loss, num_classes))
    log::warning("the first loss is far above chance: initial weights too large, or pixels not scaled as the recipe expects");
}

// A fused ReLU of oneDNN turns NaN into 0, so a finite loss does not prove finite weights: before a checkpoint they are looked at too.
bool Trainer::check_finite(bool look_at_weights) {
  const bool loss_is_finite = totals().finite != 0;
  if (loss_is_finite && !look_at_weights) return true;
  std::string where = find_not_finite(*setup_.graph);
  const auto found = ranks_.gather<std::int8_t>(where.empty() ? 0 : 1);
  const auto rank = std::find(found.begin(), found.end(), 1) - found.begin();
  const bool weights_are_finite = rank == std::ssize(found);
  if (loss_is_finite && weights_are_finite) return true;
  if (where.empty() && !weights_are_finite) where = fmt::format("rank {} holds values that are not finite", rank);
  if (!ranks_.is_first()) return false;
  log::error("training diverged by step {}: {}{}; {}: lower schedule.learning_rate (now {:g})", state_.step,
             loss_is_finite ? "" : "the loss is not finite; ", where.empty() ? "all weights are finite still" : where,
             run_.has_checkpoint() ? "the last good checkpoint is " + run_.file("last.safetensors") : "no checkpoint was written yet",
             learning_rate_);
  return false;
}

void Trainer::log_interval() {
  const LossTotals interval = totals();
  setup_.graph->reset_totals();
  agreed_totals_ = {};
  if (!record_) return;
  const std::optional<double> loss = record_->write_interval(position(), interval);
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
    const auto num_images = static_cast<double>(setup_.manifest.splits.at(split).num_samples * config_.train.validate_views);
    watched(OverdueWatch::Phase::validation, std::ceil(num_images / static_cast<double>(config_.train.batch_size)));
    EvaluatedModel model{&graph, make_step_parameters(config_, graph.network(), state_.epoch(), 0), config_.data.crop};
    const auto evaluation =
        evaluate({&model, 1}, *loader, setup_.manifest.size, setup_.manifest.size, static_cast<int>(config_.train.validate_views), nullptr,
                 [this](std::span<double> values) { ranks_.sum_over_replicas(values); });
    watched(OverdueWatch::Phase::none);
    const ValidationResult& result = evaluation.result;
    if (record_) record_->write_validation(position(), split, evaluation, config_.train.validate_views);
    if (i != 0) continue;
    if (record_) take_note(split, result);
    if (!regular) continue;
    const double value = result.metric(config_.checkpoint.best_by);
    if (!state_.best || value < *state_.best) {
      state_.best = value;
      if (record_) record_->set_best_validation(result);
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
  if (record_) record_->write_summary(position(), "running", state_.best, ExitCode::done);
}

void Trainer::take_note(const std::string& split, const ValidationResult& result) {
  record_->set_last_validation(result);
  if (split != "train" &&
      validation_is_at_chance(record_->last_training_top1_error(), result.top1_error, setup_.graph->network().num_classes)) {
    log::warning("validation is no better than chance while training is: do the labels of the two splits belong to the same classes?");
  }
}

void Trainer::save(bool is_best) {
  saved_step_ = state_.step;
  saved_at_s_ = now_s();
  if (ranks_.replica() != 0) return;
  state_.schedule = schedule_.state();
  state_.interval = totals();
  const Checkpoint checkpoint{config_, state_, setup_.manifest.classes, setup_.statistics, setup_.manifest.size, setup_.manifest.resampler};
  watched(OverdueWatch::Phase::gathering);
  save_checkpoint(run_.checkpoint_file(state_.step), *setup_.graph, checkpoint,  // of all columns, by the first
                  [this] { watched(OverdueWatch::Phase::none); });
  if (!ranks_.is_first()) return;
  run_.link_checkpoint(state_.step, "last.safetensors");
  if (is_best) run_.link_checkpoint(state_.step, "best.safetensors");
  run_.remove_old_checkpoints(config_.checkpoint.keep);
  log::debug("checkpoint {}", run_.checkpoint_file(state_.step));
}

ExitCode Trainer::leave(const std::string& state, ExitCode code) {
  if (record_) {
    record_->write_summary(position(), state, state_.best, code);
    record_->write_end(position(), state);
  }
  return code;
}

// No destructor could end the communicators of ranks that do not answer.
void Trainer::leave_overdue(double waited_s) const {
  log::error(
      "asked to stop, but step {} waits for other ranks and has taken {:.0f} s: leaves without a checkpoint of it; the last one is {}",
      state_.step, waited_s, run_.has_checkpoint() ? run_.file("last.safetensors") : "not written yet");
  _exit(static_cast<int>(ExitCode::rank_lost));
}

ExitCode Trainer::run() {
  if (ranks_.size() > 1) watch_.emplace([this](double waited_s) { leave_overdue(waited_s); });
  const double started_s = now_s();
  const auto loader = setup_.training_loader(config_, state_.samples);
  while (!finished()) {
    const std::uint64_t samples_before = state_.samples;
    watched(OverdueWatch::Phase::step);
    one_step(*loader);
    const StepReport now = report(started_s);
    if (state_.step == 1) say_first_loss();
    const bool validate_now = validation_due(samples_before), stop_asked = now.stop != StopRequest::none;
    const bool checkpoint_due =
        (config_.checkpoint.every_steps && state_.step % static_cast<std::uint64_t>(*config_.checkpoint.every_steps) == 0) ||
        now.checkpoint_due || now.snapshot_wanted;
    const bool will_save = validate_now || stop_asked || now.out_of_time || checkpoint_due || finished();
    if ((log_due() || will_save) && !check_finite(will_save)) return leave("diverged", ExitCode::answer_is_no);
    watched(OverdueWatch::Phase::none);
    if (log_due()) {
      log_interval();
    } else if (record_ && record_->status_is_due()) {
      record_->show_status(position(), totals());
    }
    if (validate_now) {
      validate(true);
    } else if (checkpoint_due || stop_asked || now.out_of_time) {
      save(false);
    }
    if (stop_asked && !finished()) {
      const bool interrupted = now.stop == StopRequest::interrupt;
      return leave(interrupted ? "interrupted" : "stopped by a signal", interrupted ? ExitCode::interrupted : ExitCode::run_again);
    }
    if (now.out_of_time && !finished()) return leave("stopped by train.max_minutes", ExitCode::run_again);
  }
  if (saved_step_ != state_.step) validate(false);
  return leave("done", ExitCode::done);
}

// The body of one rank.
ExitCode train_rank(TrainOptions options, Communicator& world, int num_launched) {
  check_same_program(world, options.version_json);
  check_same_config(world, options.config);
  const bool is_default = options.run_directory.empty();
  if (is_default) options.run_directory = broadcast_text(world, world.rank() == 0 ? default_run_directory(options.config_name) : "");
  RankGroup ranks(world, rank_layout(options.config.device, num_launched));
  Trainer trainer(options, world, ranks);
  if (is_default && ranks.is_first()) link_latest(options.run_directory);
  std::optional<SignalGuard> signals;  // one a process
  if (num_launched > 1 || ranks.is_first()) signals.emplace();
  return trainer.run();
}

}  // namespace

ExitCode train(const TrainOptions& options) {
  const DeviceConfig& device = options.config.device;
  const int num_launched = num_launched_ranks();
  RankOptions ranks;
  ranks.num_ranks = num_launched > 1 ? num_launched : rank_layout(device, 1).num_ranks();
  ranks.time_limit_s = device.rank_timeout_s;
  const SignalThread signals;  // before any thread that computes
  return run_ranks(ranks, [&](Communicator& world) { return train_rank(options, world, num_launched); });
}

}  // namespace alexnet
