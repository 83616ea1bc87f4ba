// The one description of the configuration: every struct's keys in the order of the dump, with what a value must satisfy.
// Reading, dumping, range checks and suggestions of known keys are visitors of `describe`; no key is listed anywhere else.
//
// A visitor is called as v(key, member, rule) and, for the chain of layers, as v.layers(key, model).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "alexnet/config/config.hpp"

namespace alexnet {

// What a value must satisfy. Of a list or a timed value: each number in it.
struct Rule {
  bool required = false;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;            // `min` itself is too small
  bool below_max = false;            // `max` itself is too large
  bool ascending = false;            // of a list
  bool name = false;                 // [a-z][a-z0-9_]*
  std::vector<std::string> words{};  // the allowed texts (of a number: written out)
  std::string absent = "null";       // of an optional: how "no value" is written
};

inline constexpr double kMany = 1e9;  // upper end of counts

// A key whose value is a number or the word num_classes.
template <class Count, class Flag>
struct CountOrClasses {
  Count& count;
  Flag& is_classes;
};
template <class Count, class Flag>
CountOrClasses(Count&, Flag&) -> CountOrClasses<Count, Flag>;

// model.defaults
template <class Parameters>
struct DefaultParameters {
  Parameters& weights;
  Parameters& bias;
};
template <class Parameters>
DefaultParameters(Parameters&, Parameters&) -> DefaultParameters<Parameters>;

template <class C, class T>
concept IsConst = std::is_same_v<std::remove_const_t<C>, T>;  // T or const T

inline const std::vector<std::string>& layer_types() {
  static const std::vector<std::string> types{"conv2d",          "relu",    "leaky_relu",           "tanh",     "sigmoid",
                                              "softsign",        "lrn",     "spatial_norm",         "max_pool", "average_pool",
                                              "fully_connected", "dropout", "softmax_cross_entropy"};
  return types;
}

template <class V, IsConst<ParameterConfig> C>
void describe(V& v, C& c) {
  v("init", c.init, {.words = {"gaussian", "constant"}});
  v("std", c.std, {.min = 0, .max = 1e3});
  v("value", c.value, {.min = -1e6, .max = 1e6});
  v("lr_mult", c.lr_mult, {.min = 0, .max = 1e6});
  v("decay_mult", c.decay_mult, {.min = 0, .max = 1e6});
}

// Which keys a layer has depends on its type.
template <class V, IsConst<LayerConfig> C>
void describe(V& v, C& c) {
  v("name", c.name, {.required = true, .name = true});
  v("type", c.type, {.required = true, .words = layer_types()});
  const bool conv2d = c.type == "conv2d", fully_connected = c.type == "fully_connected", lrn = c.type == "lrn";
  const bool pool = c.type == "max_pool" || c.type == "average_pool";
  const bool parameters = conv2d || fully_connected;
  if (parameters || lrn) v("sees", c.sees, {.words = {"own", "all"}});
  if (parameters) v("num_output", CountOrClasses{c.num_output, c.num_output_is_classes}, {.required = true, .min = 1, .max = 1 << 20});
  if (conv2d || pool) {
    v("kernel_size", c.kernel_size, {.required = true, .min = 1, .max = 1024});
    v("stride", c.stride, {.min = 1, .max = 1024});
    v("pad", c.pad, {.min = 0, .max = 1024});
  }
  if (c.type == "average_pool") v("count_pad", c.count_pad);
  if (lrn || c.type == "spatial_norm") {
    v("size", c.size, {.min = 1, .max = 4096});
    v("k", c.k, {.min = 0, .max = 1e6, .above_min = true});
    v("alpha", c.alpha, {.min = 0, .max = 1e6});
    v("beta", c.beta, {.min = 0, .max = 100});
    v("reduction", c.reduction, {.words = {"mean", "sum"}});
  }
  if (c.type == "leaky_relu") v("negative_slope", c.negative_slope, {.min = 0, .max = 1, .above_min = true});
  if (c.type == "dropout") {
    v("rate", c.rate, {.min = 0, .max = 1, .below_max = true});
    v("scale_at", c.scale_at, {.words = {"test", "train"}});
  }
  if (parameters) {
    v("lr_mult", c.lr_mult, {.min = 0, .max = 1e6});
    v("weights", c.weights);
    v("bias", c.bias);
  }
}

template <class V, class P>
void describe(V& v, const DefaultParameters<P>& c) {
  v("weights", c.weights);
  v("bias", c.bias);
}

template <class V, IsConst<ModelConfig> C>
void describe(V& v, C& c) {
  v("file", c.file);
  v("columns", c.columns, {.min = 1, .max = 8});
  v("num_classes", c.num_classes, {.min = 2, .max = 1 << 20, .absent = "auto"});
  v("remove", c.remove);
  v("defaults", DefaultParameters{c.default_weights, c.default_bias});
  v.layers("layers", c);
}

template <class V, IsConst<ColorNoiseConfig> C>
void describe(V& v, C& c) {
  v("std", c.std, {.min = 0, .max = 100});
  v("unit", c.unit, {.words = {"standard_deviation", "eigenvalue"}});
}

template <class V, IsConst<DataConfig> C>
void describe(V& v, C& c) {
  v("path", c.path, {.required = true});
  v("crop", c.crop, {.min = 1, .max = 4096});
  v("random_crop", c.random_crop);
  v("flip", c.flip);
  v("images_per_draw", c.images_per_draw, {.min = 1, .max = kMany});
  v("mean", c.mean, {.words = {"image", "channel", "none"}});
  v("scale", c.scale, {.min = 0, .max = 1e3, .above_min = true});
  v("color_noise", c.color_noise);
  v("statistics", c.statistics, {.words = {"dataset", "checkpoint"}});
  v("limit", c.limit, {.min = 1, .max = kMany});
}

template <class V, IsConst<TrainInitConfig> C>
void describe(V& v, C& c) {
  v("checkpoint", c.checkpoint);
  v("skip", c.skip);
}

template <class V, IsConst<TrainConfig> C>
void describe(V& v, C& c) {
  v("batch_size", c.batch_size, {.required = true, .min = 1, .max = 1 << 20});
  v("micro_batches", c.micro_batches, {.min = 1, .max = 1 << 20});
  v("epochs", c.epochs, {.min = 0, .max = kMany, .above_min = true});
  v("max_steps", c.max_steps, {.min = 1, .max = 1e15});
  v("max_minutes", c.max_minutes, {.min = 0, .max = kMany, .above_min = true});
  v("init", c.init);
  v("validate_every_epochs", c.validate_every_epochs, {.min = 0, .max = kMany, .above_min = true});
  v("validate_splits", c.validate_splits);
  v("validate_views", c.validate_views, {.words = {"1", "10"}});
  v("log_every_steps", c.log_every_steps, {.min = 1, .max = kMany});
  v("layer_statistics_every_steps", c.layer_statistics_every_steps, {.min = 0, .max = kMany});
}

template <class V, IsConst<OptimizerConfig> C>
void describe(V& v, C& c) {
  v("momentum", c.momentum, {.min = 0, .max = 1, .below_max = true});
  v("weight_decay", c.weight_decay, {.min = 0, .max = 1e3});
}

template <class V, IsConst<PlateauConfig> C>
void describe(V& v, C& c) {
  v("metric", c.metric, {.words = {"top1_error", "top5_error", "loss"}});
  v("factor", c.factor, {.min = 0, .max = 1, .above_min = true, .below_max = true});
  v("patience_epochs", c.patience_epochs, {.min = 0, .max = kMany, .above_min = true});
  v("threshold", c.threshold, {.min = 0, .max = 1e3});
  v("max_reductions", c.max_reductions, {.min = 0, .max = 1000});
}

template <class V, IsConst<StepsConfig> C>
void describe(V& v, C& c) {
  v("factor", c.factor, {.min = 0, .max = 1, .above_min = true});
  v("at_epochs", c.at_epochs, {.min = 0, .max = kMany, .above_min = true, .ascending = true});
  v("at_steps", c.at_steps, {.min = 1, .max = 1e15, .ascending = true});
}

template <class V, IsConst<ScheduleConfig> C>
void describe(V& v, C& c) {
  v("kind", c.kind, {.words = {"plateau", "steps", "constant"}});
  v("learning_rate", c.learning_rate, {.required = true, .min = 0, .max = 1e3, .above_min = true});
  v("reference_batch", c.reference_batch, {.min = 1, .max = 1 << 20});
  v("warmup_epochs", c.warmup_epochs, {.min = 0, .max = kMany});
  v("plateau", c.plateau);
  v("steps", c.steps);
}

template <class V, IsConst<DeviceConfig> C>
void describe(V& v, C& c) {
  v("backend", c.backend, {.words = {"auto", "onednn", "cuda", "cudnn"}});
  v("column_devices", c.column_devices, {.min = 1, .max = 2});
  v("replicas", c.replicas, {.min = 1, .max = 4096, .absent = "auto"});
  v("rank_timeout_s", c.rank_timeout_s, {.min = 0, .max = 1e6, .above_min = true});
  v("ids", c.ids, {.min = 0, .max = 1 << 20});
  v("precision", c.precision, {.words = {"f32", "tf32", "bf16"}});
  v("threads", c.threads, {.min = 1, .max = 4096, .absent = "auto"});
  v("algorithms", c.algorithms, {.words = {"timed", "heuristic"}});
}

template <class V, IsConst<CheckpointConfig> C>
void describe(V& v, C& c) {
  v("every_steps", c.every_steps, {.min = 1, .max = 1e15});
  v("every_minutes", c.every_minutes, {.min = 0, .max = kMany, .above_min = true});
  v("keep", c.keep, {.min = 1, .max = kMany});
  v("best_by", c.best_by, {.words = {"top1_error", "top5_error", "loss"}});
}

template <class V, IsConst<ReferenceRow> C>
void describe(V& v, C& c) {
  v("text", c.text, {.required = true});
  v("views", c.views, {.words = {"1", "10"}});
  v("top1_error", c.top1_error, {.required = true, .min = 0, .max = 1});
  v("top5_error", c.top5_error, {.required = true, .min = 0, .max = 1});
}

template <class V, IsConst<Config> C>
void describe(V& v, C& c) {
  v("seed", c.seed);
  v("data", c.data);
  v("model", c.model);
  v("train", c.train);
  v("optimizer", c.optimizer);
  v("schedule", c.schedule);
  v("device", c.device);
  v("checkpoint", c.checkpoint);
  v("reference", c.reference);
}

}  // namespace alexnet
