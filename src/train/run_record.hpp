// What a training leaves behind for people and scripts: RUN/metrics.jsonl, RUN/summary.json and the lines of the log.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "alexnet/config/config.hpp"
#include "alexnet/train/checkpoint.hpp"
#include "alexnet/train/evaluator.hpp"
#include "alexnet/train/run_directory.hpp"
#include "train/metrics_file.hpp"
#include "train/progress.hpp"
#include "train/training_setup.hpp"

namespace alexnet {

// Where the training stands, for every line.
struct RunPosition {
  std::uint64_t step = 0, last_step = 0;
  std::uint64_t samples = 0;
  double epoch = 0, learning_rate = 0;
};

class RunRecord {
 public:
  // Writes config.yaml, environment.json and the line "start" or "resume". Throws Error(io_failed).
  RunRecord(const RunDirectory& run, const TrainingSetup& setup, const TrainOptions& options, const RankGroup& ranks, bool resumed,
            const TrainingState& state);

  void add_step(const Pace& pace) { interval_pace_.add(pace); }
  void write_layer_statistics(const RunPosition& at, const nlohmann::json& layers);
  // The steps since the last call. Returns their mean loss, nothing when there were none.
  std::optional<double> write_interval(const RunPosition& at, const LossTotals& totals);
  // Between two of those, on a terminal, twice a second.
  bool status_is_due() const;
  void show_status(const RunPosition& at, const LossTotals& totals);
  void write_validation(const RunPosition& at, const std::string& split, const EvaluationResult& evaluation, std::int64_t views);
  void set_last_validation(const ValidationResult& result) { last_validation_ = result; }
  void set_best_validation(const ValidationResult& result) { best_validation_ = result; }
  void write_summary(const RunPosition& at, const std::string& state, std::optional<double> best_value, ExitCode code) const;
  void write_end(const RunPosition& at, const std::string& state);

  double last_training_top1_error() const { return last_training_top1_error_; }  // of the last interval

 private:
  ProgressLine progress(const RunPosition& at, const LossTotals& totals) const;
  std::size_t num_classes() const { return setup_.manifest.classes.size(); }

  const RunDirectory& run_;
  const TrainingSetup& setup_;
  std::int64_t batch_size_;
  std::string best_by_;
  MetricsFile metrics_;
  Pace interval_pace_, total_pace_;
  std::optional<ValidationResult> last_validation_, best_validation_;
  double last_training_top1_error_ = 1;
  double status_shown_s_ = 0;
};

}  // namespace alexnet
