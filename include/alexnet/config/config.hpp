// The experiment as typed structs; the YAML keys are the fields' names. configs/alexnet.yaml explains every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet {

// A number, or a map {first epoch: number} that starts at 0 and is sorted.
struct TimedValue {
  std::vector<std::pair<double, double>> points{{0.0, 0.0}};  // (epoch from which it holds, value)
  TimedValue() = default;
  TimedValue(double value) : points{{0.0, value}} {}  // NOLINT: a plain number is a timed value
  double at(double epoch) const;
  bool always_zero() const;
  bool operator==(const TimedValue&) const = default;
};

struct ColorNoiseConfig {
  TimedValue std = 0.1;
  std::string unit = "standard_deviation";  // | eigenvalue
};

struct DataConfig {
  std::string path;  // required; relative to the current folder
  std::int64_t crop = 224;
  bool flip = true;
  std::int64_t images_per_draw = 1;
  std::string mean = "image";  // image | channel | none
  double scale = 1.0;
  ColorNoiseConfig color_noise;
  std::string statistics = "dataset";  // dataset | checkpoint
  std::optional<std::int64_t> limit;
  bool random_crop = true;  // false: the centre crop in training too
};

struct ParameterConfig {          // of weights or of a bias
  std::string init = "gaussian";  // gaussian (std) | constant (value)
  double std = 0.01;
  double value = 0;
  double lr_mult = 1;
  double decay_mult = 1;
};

// One layer; a field that the type does not have keeps its default and is not written back.
struct LayerConfig {
  std::string name, type;              // type: one of layer_types() in src/config/fields.hpp
  std::string sees = "all";            // own | all: conv2d, lrn, fully_connected
  std::int64_t num_output = 0;         // conv2d, fully_connected; counts all columns
  bool num_output_is_classes = false;  // `num_output: num_classes`
  std::int64_t kernel_size = 0;        // conv2d, pools
  std::int64_t stride = 1;
  Padding pad;
  bool count_pad = true;  // average_pool
  std::int64_t size = 5;  // lrn, spatial_norm
  double k = 2, alpha = 1e-4, beta = 0.75;
  std::string reduction = "mean";                     // mean | sum
  double negative_slope = 0.01;                       // leaky_relu, in (0, 1]
  TimedValue rate = 0.5;                              // dropout, in [0, 1)
  std::string scale_at = "test";                      // test | train
  TimedValue lr_mult = 1.0;                           // conv2d, fully_connected; 0 = frozen
  ParameterConfig weights, bias{.init = "constant"};  // merged over model.defaults
  std::string where;                                  // "alexnet.yaml:41", for messages; not a key
};

struct ModelConfig {
  std::optional<std::string>
      file;  // take `model` from this YAML; relative to the YAML that names it; applied by load_config, kept for the record
  std::int64_t columns = 2;
  std::optional<std::int64_t> num_classes;  // absent: `auto`
  std::vector<std::string> remove;          // applied by load_config; kept for the record
  ParameterConfig default_weights, default_bias{.init = "constant"};
  std::vector<LayerConfig> layers;
};

struct TrainInitConfig {
  std::optional<std::string> checkpoint;
  std::vector<std::string> skip;
};

struct TrainConfig {
  std::int64_t batch_size = 0;     // of the whole step, all ranks and parts together
  std::int64_t micro_batches = 1;  // parts of a rank's share, one after the other
  std::optional<double> epochs;    // epochs or max_steps is required
  std::optional<std::int64_t> max_steps;
  std::optional<double> max_minutes;
  TrainInitConfig init;
  double validate_every_epochs = 1;
  std::vector<std::string> validate_splits{"val"};
  std::int64_t validate_views = 1;  // 1 | 10
  std::int64_t log_every_steps = 20;
  std::int64_t layer_statistics_every_steps = 500;  // 0: never
};

struct OptimizerConfig {
  double momentum = 0.9;
  double weight_decay = 0.0005;
};

struct PlateauConfig {
  std::string metric = "top1_error";  // top1_error | top5_error | loss
  double factor = 0.1;
  double patience_epochs = 5;
  double threshold = 0.001;
  std::int64_t max_reductions = 3;
};

struct StepsConfig {
  double factor = 0.1;
  std::vector<double> at_epochs;
  std::vector<std::int64_t> at_steps;
};

struct ScheduleConfig {
  std::string kind = "constant";                               // plateau | steps | constant
  double learning_rate = 0;                                    // required
  std::optional<std::int64_t> reference_batch = std::nullopt;  // learning_rate is meant for this batch and scaled to train.batch_size
  double warmup_epochs = 0;                                    // the rate rises in proportion to the pictures seen
  PlateauConfig plateau;
  StepsConfig steps;
};

struct DeviceConfig {
  std::string backend = "auto";  // auto | onednn | cuda | cudnn
  std::int64_t column_devices = 1;
  std::optional<std::int64_t> replicas;  // absent: auto
  double rank_timeout_s = 120;           // then a rank that others wait for is taken for lost
  std::vector<std::int64_t> ids;
  std::string precision = "f32";        // f32 | tf32 | bf16
  std::optional<std::int64_t> threads;  // absent: auto
  std::string algorithms = "timed";     // timed | heuristic
};

struct CheckpointConfig {
  std::optional<std::int64_t> every_steps;
  std::optional<double> every_minutes = 30.0;
  std::int64_t keep = 3;
  std::string best_by = "top1_error";  // top1_error | top5_error | loss
};

struct ReferenceRow {
  std::string text;
  std::int64_t views = 1;
  double top1_error = 0, top5_error = 0;
};

struct Config {
  std::uint64_t seed = 1;
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  DeviceConfig device;
  CheckpointConfig checkpoint;
  std::vector<ReferenceRow> reference;
};

// Reads `path` (a file, a run directory with config.yaml, or a name looked for as ./configs/NAME.yaml and
// PREFIX/share/alexnet/configs/NAME.yaml), applies `sets` ("key.path=value" from left to right), then model.remove; checks every
// key, type and range. Throws Error(no_input) when there is no such file, Error(command_line) for a set without '=' or key,
// Error(configuration) "FILE:LINE: key ..." otherwise.
Config load_config(const std::string& path, const std::vector<std::string>& sets);

// The same from text; `file` is used in messages and for relative model.file. For checkpoints and tests.
Config parse_config(const std::string& yaml, const std::string& file, const std::vector<std::string>& sets = {});

// The fully resolved configuration as YAML that parse_config and PyYAML read as the same tree.
std::string dump_config(const Config& config);

// "key: old -> new" for every key of the resolved trees that differs; layers are matched by name.
std::vector<std::string> diff_configs(const Config& a, const Config& b);

}  // namespace alexnet
