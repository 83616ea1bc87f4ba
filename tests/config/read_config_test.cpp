// What a configuration must be, and what is said when it is not.
#include "config_fixture.hpp"

namespace alexnet {
namespace {

std::string minimal_with(const std::string& from, const std::string& to) { return replaced(kMinimal, from, to); }
std::string minimal_plus(const std::string& block) { return kMinimal + block + "\n"; }
// A layer before fc1, in line 4.
std::string minimal_layer(const std::string& layer) {
  return replaced(kMinimal, "    - {name: fc1", "    - " + layer + "\n    - {name: fc1");
}

TEST(ReadConfig, MinimalGetsTheDefaults) {
  const Config config = parse_config(kMinimal, "test.yaml");
  const Config defaults;
  EXPECT_EQ(config.seed, defaults.seed);
  EXPECT_EQ(config.data.crop, 224);
  EXPECT_TRUE(config.data.random_crop);
  EXPECT_EQ(config.data.color_noise.std, TimedValue(0.1));
  EXPECT_EQ(config.model.columns, 2);
  EXPECT_FALSE(config.model.num_classes);
  EXPECT_EQ(config.train.epochs, 1.0);
  EXPECT_FALSE(config.train.max_steps);
  EXPECT_EQ(config.schedule.kind, "constant");
  EXPECT_FALSE(config.device.threads);
  ASSERT_EQ(config.model.layers.size(), 2U);
  const LayerConfig& fc1 = config.model.layers[0];
  EXPECT_TRUE(fc1.num_output_is_classes);
  EXPECT_EQ(fc1.where, "test.yaml:4");
  EXPECT_EQ(fc1.weights.init, "gaussian");
  EXPECT_EQ(fc1.bias.init, "constant");
  EXPECT_EQ(fc1.bias.value, 0.0);
}

TEST(ReadConfig, LayersMergeOverTheDefaults) {
  const Config config =
      parse_config(minimal_with("  layers:", "  defaults: {weights: {std: 0.5, lr_mult: 3}, bias: {value: 1}}\n  layers:"), "test.yaml",
                   {"model.layers.fc1.weights.std=0.25", "model.layers.fc1.bias.lr_mult=2"});
  const LayerConfig& fc1 = config.model.layers[0];
  EXPECT_EQ(fc1.weights.std, 0.25);
  EXPECT_EQ(fc1.weights.lr_mult, 3);
  EXPECT_EQ(fc1.bias.value, 1);
  EXPECT_EQ(fc1.bias.lr_mult, 2);
  EXPECT_EQ(config.model.default_weights.std, 0.5);
}

TEST(ReadConfig, NumbersMayBeIntegersOrFloats) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, double>>{
           {"1", 1}, {"+2", 2}, {"0.5", 0.5}, {"5.0e-4", 5e-4}, {"5.e-4", 5e-4}, {"1.5E+1", 15}, {"007.5", 7.5}, {"3.", 3}}) {
    EXPECT_EQ(parse_config(kMinimal, "t", {"schedule.learning_rate=" + text}).schedule.learning_rate, value) << text;
  }
  EXPECT_EQ(parse_config(kMinimal, "t", {"seed=18446744073709551615"}).seed, 18446744073709551615ULL);
}

TEST(ReadConfig, OptionalValuesAndTheirWords) {
  const Config none =
      parse_config(kMinimal, "t", {"data.limit=~", "checkpoint.every_minutes=null", "model.num_classes=auto", "device.threads=auto"});
  EXPECT_FALSE(none.data.limit);
  EXPECT_FALSE(none.checkpoint.every_minutes);
  EXPECT_FALSE(none.model.num_classes);
  EXPECT_FALSE(none.device.threads);
  const Config some =
      parse_config(kMinimal, "t", {"data.limit=5", "model.num_classes=7", "device.threads=2", "train.init.checkpoint=a.safetensors"});
  EXPECT_EQ(some.data.limit, 5);
  EXPECT_EQ(some.model.num_classes, 7);
  EXPECT_EQ(some.device.threads, 2);
  EXPECT_FALSE(none.device.replicas);
  EXPECT_EQ(parse_config(kMinimal, "t", {"device.replicas=2"}).device.replicas, 2);
  EXPECT_EQ(some.train.init.checkpoint, "a.safetensors");
  expect_config_error(kMinimal, {"train.validate_views is 99999999999999999999; it must be an integer of 64 bits"},
                      {"train.validate_views=99999999999999999999"});
  expect_config_error(kMinimal, {"device.threads", "an integer or auto", "empty"}, {"device.threads=null"});
  expect_config_error(kMinimal, {"model.num_classes", "an integer or auto", "the text autos"}, {"model.num_classes=autos"});
}

TEST(ReadConfig, Padding) {
  const auto pad = [](const std::string& text) {
    return parse_config(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, pad: " + text + "}"), "t").model.layers[0].pad;
  };
  EXPECT_EQ(pad("2"), (Padding{2, 2, 2, 2}));
  EXPECT_EQ(pad("{bottom: 1, right: 3}"), (Padding{0, 0, 1, 3}));
  expect_config_error(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, pad: {botom: 1}}"),
                      {"test.yaml:4: key model.layers.pool1.pad.botom is unknown; did you mean model.layers.pool1.pad.bottom?"});
  expect_config_error(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, pad: [1, 1]}"),
                      {"pool1.pad", "{top, left, bottom, right}", "a list"});
  expect_config_error(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, pad: -1}"), {"pool1.pad is -1", "at least 0"});
  expect_config_error(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, pad: {top: 9999}}"),
                      {"pool1.pad.top is 9999", "at most 1024"});
}

TEST(ReadConfig, TimedValues) {
  const Config config = parse_config(kMinimal, "t", {"data.color_noise.std={67: 0, 0: 0.1, 2.5: 0.05}"});
  const TimedValue& std = config.data.color_noise.std;
  ASSERT_EQ(std.points.size(), 3U);
  EXPECT_EQ(std.at(0), 0.1);
  EXPECT_EQ(std.at(2.49), 0.1);
  EXPECT_EQ(std.at(2.5), 0.05);
  EXPECT_EQ(std.at(66.9), 0.05);
  EXPECT_EQ(std.at(67), 0.0);
  EXPECT_EQ(std.at(1e9), 0.0);
  EXPECT_FALSE(std.always_zero());
  EXPECT_TRUE(TimedValue(0.0).always_zero());
  expect_config_error(kMinimal, {"data.color_noise.std", "epoch 0"}, {"data.color_noise.std={1: 0.1}"});
  expect_config_error(kMinimal, {"data.color_noise.std", "epoch 0"}, {"data.color_noise.std={}"});
  expect_config_error(kMinimal, {"data.color_noise.std", "-1 is no epoch"}, {"data.color_noise.std={0: 1, -1: 0.1}"});
  expect_config_error(kMinimal, {"data.color_noise.std", "late is no epoch"}, {"data.color_noise.std={0: 1, late: 0.1}"});
  expect_config_error(kMinimal, {"data.color_noise.std", "two values from epoch 2"}, {"data.color_noise.std={0: 1, 2: 1, 2.0: 3}"});
  expect_config_error(kMinimal, {"data.color_noise.std.2", "a number", "the text x"}, {"data.color_noise.std={0: 1, 2: x}"});
  expect_config_error(kMinimal, {"data.color_noise.std", "{first epoch: number}", "a list"}, {"data.color_noise.std=[1]"});
  expect_config_error(minimal_layer("{name: drop1, type: dropout, rate: {0: 0.5, 3: 1}}"), {"test.yaml:4", "drop1.rate.3 is 1", "below 1"});
}

TEST(ReadConfig, UnknownKeysNameTheNearest) {
  expect_config_error(minimal_with("{path", "{crops: 3, path"), {"test.yaml:1: key data.crops is unknown; did you mean data.crop?"});
  expect_config_error(minimal_plus("batch_size: 3"), {"test.yaml:8: key batch_size is unknown; did you mean train.batch_size?"});
  expect_config_error(minimal_plus("optimiser: {momentum: 0.9}"), {"test.yaml:8: key optimiser is unknown; did you mean optimizer?"});
  expect_config_error(minimal_plus("zzzzzzzzzzzzzzzzzzzzz: 1"), {"test.yaml:8", "zzzzz", "unknown", "known here: seed, data, model"});
  expect_config_error(minimal_with("num_output: num_classes", "num_outputs: 3, num_output: num_classes"),
                      {"test.yaml:4", "model.layers.fc1.num_outputs is unknown; did you mean model.layers.fc1.num_output?"});
  expect_config_error(minimal_with("num_output: num_classes", "weights: {sdt: 3}, num_output: num_classes"),
                      {"model.layers.fc1.weights.sdt is unknown; did you mean model.layers.fc1.weights.std?"});
}

TEST(ReadConfig, KeysOfOtherLayerTypes) {
  expect_config_error(minimal_layer("{name: act1, type: relu, stride: 2}"),
                      {"test.yaml:4", "model.layers.act1.stride", "type relu has no stride", "it has name, type"});
  expect_config_error(minimal_layer("{name: pool1, type: max_pool, kernel_size: 3, count_pad: true}"),
                      {"type max_pool has no count_pad", "kernel_size"});
}

TEST(ReadConfig, DoubledKeys) {
  expect_config_error(minimal_plus("data: {path: x}"), {"test.yaml:8", "key data is given twice", "line 1"});
  expect_config_error(minimal_with("batch_size: 4", "batch_size: 4, batch_size: 8"), {"test.yaml:6", "key batch_size is given twice"});
}

TEST(ReadConfig, MissingKeys) {
  expect_config_error("", {"test.yaml", "block of keys", "empty"});
  expect_config_error("- 1\n", {"test.yaml:1", "block of keys", "a list"});
  expect_config_error(minimal_with("{path: somewhere}", "{crop: 3}"), {"test.yaml:1: key data.path is missing"});
  expect_config_error(minimal_with("data: {path: somewhere}\n", ""), {"key data.path is missing"});
  expect_config_error(minimal_with("batch_size: 4, ", ""), {"test.yaml:6: key train.batch_size is missing"});
  expect_config_error(minimal_with(", epochs: 1", ""), {"test.yaml:6", "train.epochs is missing", "train.max_steps"});
  expect_config_error(minimal_with("learning_rate: 0.01", "kind: constant"), {"test.yaml:7: key schedule.learning_rate is missing"});
  expect_config_error("data: {path: x}\nmodel: {columns: 1}\ntrain: {batch_size: 1, epochs: 1}\nschedule: {learning_rate: 0.1}\n",
                      {"test.yaml:2: key model.layers is missing"});
  expect_config_error(minimal_layer("{type: relu}"), {"test.yaml:4: key model.layers[0].name is missing"});
  expect_config_error(minimal_layer("{name: a}"), {"test.yaml:4: key model.layers.a.type is missing"});
  expect_config_error(minimal_layer("{name: c, type: conv2d, kernel_size: 3}"), {"key model.layers.c.num_output is missing"});
  expect_config_error(minimal_layer("{name: c, type: conv2d, num_output: 3}"), {"key model.layers.c.kernel_size is missing"});
  EXPECT_EQ(parse_config(minimal_with("epochs: 1", "max_steps: 7"), "t").train.max_steps, 7);
}

TEST(ReadConfig, WrongTypes) {
  const auto expect_wrong = [](const std::string& set, const std::vector<std::string>& words) {
    std::vector<std::string> all{"--set " + set + ": key " + set.substr(0, set.find('='))};
    all.insert(all.end(), words.begin(), words.end());
    expect_config_error(kMinimal, all, {set});
  };
  expect_config_error(minimal_with("batch_size: 4", "batch_size: four"),
                      {"test.yaml:6: key train.batch_size must be an integer, not the text four"});
  expect_wrong("train.batch_size='4'", {"an integer, not the text \"4\""});
  expect_wrong("train.batch_size=4.0", {"an integer, not the number 4.0"});
  expect_wrong("train.batch_size=012", {"an integer, not"});
  expect_wrong("train.batch_size=1_000", {"an integer, not"});
  expect_wrong("train.batch_size=0x10", {"an integer, not"});
  expect_wrong("train.batch_size=[4]", {"an integer, not a list"});
  expect_wrong("train.batch_size={a: 4}", {"an integer, not a block of keys"});
  expect_wrong("train.batch_size=", {"an integer, not empty"});
  expect_wrong("train.batch_size=null", {"an integer, not empty"});
  expect_wrong("seed=-1", {"is -1", "between 0 and 18446744073709551615"});
  expect_wrong("seed=18446744073709551616", {"between 0 and"});
  expect_wrong("seed=one", {"an integer", "the text one"});
  expect_wrong("train.max_steps=9223372036854775808", {"at most"});
  expect_wrong("device.ids=[0, 99999999999999999999]", {"device.ids[1]", "99999999999999999999", "at most"});
  expect_wrong("schedule.learning_rate=5e-4", {"a number, not the text 5e-4", "text in YAML 1.1: write 5.0e-4"});
  expect_wrong("schedule.learning_rate=5.0e4", {"write 5.0e+4"});
  expect_wrong("schedule.learning_rate=.5", {"a number", "write 0.5"});
  expect_wrong("schedule.learning_rate=.inf", {"a number", "finite"});
  expect_wrong("schedule.learning_rate=.nan", {"a number", "finite"});
  expect_wrong("schedule.learning_rate=nan", {"a number", "finite"});
  expect_wrong("schedule.learning_rate=1.0e+999", {"a number"});
  expect_wrong("schedule.learning_rate=fast", {"a number, not the text fast"});
  expect_wrong("schedule.learning_rate='0.1'", {"a number, not the text \"0.1\""});
  expect_wrong("data.flip=yes", {"true or false, not the text yes; write true"});
  expect_wrong("data.flip=Off", {"true or false", "write false"});
  expect_wrong("data.flip=TRUE", {"true or false", "write true"});
  expect_wrong("data.flip=0", {"true or false, not the number 0; write false"});
  expect_wrong("data.flip='true'", {"true or false, not the text \"true\""});
  expect_wrong("data.flip=[true]", {"true or false, not a list"});
  for (const char* text : {"5", "0.5", "true", "no", "2012-09-30", "1:30", "0x1f", "=", "1_0"}) {
    expect_wrong(std::string("data.path=") + text, {"must be text", "write it in quotes"});
  }
  expect_wrong("data.path=", {"must be text, not empty"});
  expect_wrong("data.path=''", {"is an empty text"});
  expect_wrong("data.path=[a]", {"must be text, not a list"});
  expect_wrong("data.path=\"a\\nb\"", {"control character"});
  expect_wrong("data.mean=[image]", {"one of image, channel, none", "a list"});
  expect_wrong("train.validate_splits=val", {"a list", "the text val"});
  expect_wrong("data=3", {"a block of keys, not the number 3"});
  expect_wrong("train=", {"a block of keys, not empty"});
  expect_wrong("model.layers=[]", {"a list of layers, one or more"});
  expect_wrong("model.layers={a: 1}", {"a list of layers", "a block of keys"});
  expect_wrong("reference=[1]", {"reference[0]", "a block of keys"});
  expect_config_error(minimal_layer("relu"), {"test.yaml:4", "model.layers[0] must be a block of keys, not the text relu"});
  EXPECT_EQ(parse_config(kMinimal, "t", {"data.path='2012'"}).data.path, "2012");
  EXPECT_EQ(parse_config(kMinimal, "t", {"data.path=../2012-09-30"}).data.path, "../2012-09-30");
}

TEST(ReadConfig, Ranges) {
  const auto expect_range = [](const std::string& set, const std::vector<std::string>& words) {
    expect_config_error(kMinimal, words, {set});
  };
  expect_config_error(minimal_with("batch_size: 4", "batch_size: 0"),
                      {"test.yaml:6: key train.batch_size is 0; it must be at least 1 and at most 1048576"});
  expect_range("data.crop=-3", {"data.crop is -3", "at least 1 and at most 4096"});
  expect_range("schedule.learning_rate=0", {"schedule.learning_rate is 0", "above 0 and at most 1000"});
  expect_range("optimizer.momentum=1", {"optimizer.momentum is 1", "at least 0 and below 1"});
  expect_range("optimizer.weight_decay=-0.1", {"optimizer.weight_decay is -0.1", "at least 0"});
  expect_range("schedule.plateau.factor=1.5", {"schedule.plateau.factor", "above 0 and below 1"});
  expect_range("train.micro_batches=0", {"train.micro_batches is 0", "at least 1"});
  expect_range("schedule.reference_batch=0", {"schedule.reference_batch is 0", "at least 1"});
  expect_range("schedule.warmup_epochs=-1", {"schedule.warmup_epochs is -1", "at least 0"});
  expect_range("device.replicas=0", {"device.replicas is 0", "at least 1 and at most 4096"});
  expect_range("device.rank_timeout_s=0", {"device.rank_timeout_s is 0", "above 0"});
  expect_range("device.column_devices=3", {"device.column_devices is 3", "at most 2"});
  expect_range("model.num_classes=1", {"model.num_classes is 1", "at least 2"});
  expect_range("model.columns=0", {"model.columns is 0", "at least 1"});
  expect_range("train.validate_views=5", {"train.validate_views is 5", "one of 1, 10"});
  expect_range("train.epochs=0", {"train.epochs is 0", "above 0"});
  expect_range("data.limit=0", {"data.limit is 0", "at least 1"});
  expect_range("schedule.steps.at_epochs=[2, 1]", {"schedule.steps.at_epochs[1] is 1", "larger than the one before"});
  expect_range("schedule.steps.at_steps=[5, 5]", {"schedule.steps.at_steps[1] is 5", "larger than the one before"});
  expect_range("schedule.steps.at_steps=[0]", {"schedule.steps.at_steps[0] is 0", "at least 1"});
  expect_range("reference=[{text: t, top1_error: 40, top5_error: 0}]", {"reference[0].top1_error is 40", "at most 1"});
  expect_config_error(minimal_layer("{name: n, type: lrn, k: 0}"), {"model.layers.n.k is 0", "above 0"});
  expect_config_error(minimal_layer("{name: n, type: leaky_relu, negative_slope: 0}"), {"model.layers.n.negative_slope is 0", "above 0"});
  expect_config_error(minimal_layer("{name: n, type: relu, negative_slope: 0.1}"), {"a layer of type relu has no negative_slope"});
  expect_config_error(minimal_layer("{name: n, type: lrn, size: 0}"), {"model.layers.n.size is 0", "at least 1"});
  expect_config_error(minimal_layer("{name: c, type: conv2d, num_output: 3, kernel_size: 3, stride: 0}"), {"model.layers.c.stride is 0"});
  expect_config_error(minimal_layer("{name: c, type: conv2d, num_output: -3, kernel_size: 3}"), {"model.layers.c.num_output is -3"});
}

TEST(ReadConfig, Words) {
  expect_config_error(minimal_layer("{name: c, type: conv3d}"),
                      {"test.yaml:4", "model.layers.c.type is conv3d",
                       "conv2d, relu, leaky_relu, tanh, sigmoid, softsign, lrn, spatial_norm", "did you mean conv2d?"});
  const auto expect_words = [](const std::string& set, const std::vector<std::string>& words) {
    expect_config_error(kMinimal, words, {set});
  };
  expect_words("schedule.kind=plato", {"schedule.kind is plato", "plateau, steps, constant", "did you mean plateau?"});
  expect_words("data.mean=picture", {"data.mean is picture", "image, channel, none"});
  expect_words("device.precision=f16", {"device.precision is f16", "f32, tf32, bf16", "did you mean"});
  expect_words("device.backend=cudann", {"did you mean cudnn?"});
  expect_words("model.layers.fc1.sees=both", {"model.layers.fc1.sees is both", "own, all"});
  expect_words("checkpoint.best_by=accuracy", {"checkpoint.best_by", "top1_error, top5_error, loss"});
  expect_words("model.defaults.weights.init=xavier", {"model.defaults.weights.init is xavier", "gaussian, constant"});
}

TEST(ReadConfig, TheChainOfLayers) {
  expect_config_error(minimal_layer("{name: fc1, type: relu}"), {"test.yaml:5", "a second layer is named fc1", "test.yaml:4"});
  for (const char* name : {"Conv1", "1conv", "conv-1", "_a", "'conv 1'"}) {
    expect_config_error(minimal_layer(std::string("{name: ") + name + ", type: relu}"), {"test.yaml:4", "small letters"});
  }
  expect_config_error(minimal_layer("{name: a" + std::string(64, 'b') + ", type: relu}"), {"at most 64"});
  expect_config_error(minimal_layer("{name: l, type: softmax_cross_entropy}"),
                      {"test.yaml:4", "layer l", "must be the last layer", "fc1 comes after it"});
  expect_config_error(kMinimal, {"the last layer, fc1", "must be of type softmax_cross_entropy, not fully_connected"},
                      {"model.remove=[loss]"});
  expect_config_error(kMinimal, {"model.remove leaves no layer"}, {"model.remove=[loss, fc1]"});
  std::string many;
  for (int i = 0; i < 63; ++i) many += fmt::format("    - {{name: a{}, type: relu}}\n", i);
  expect_config_error(replaced(kMinimal, "    - {name: fc1", many + "    - {name: fc1"), {"test.yaml:4", "65 layers", "at most 64"});
  const Config config = parse_config(replaced(kMinimal, "    - {name: fc1", many + "    - {name: fc1"), "t", {"model.remove=[a7]"});
  EXPECT_EQ(config.model.layers.size(), 64U);
}

TEST(ReadConfig, RemovesLayers) {
  const Config config = parse_config(minimal_layer("{name: act1, type: relu}"), "t", {"model.remove=[act1]"});
  ASSERT_EQ(config.model.layers.size(), 2U);
  EXPECT_EQ(config.model.layers[0].name, "fc1");
  EXPECT_EQ(config.model.remove, std::vector<std::string>{"act1"});
  expect_config_error(minimal_layer("{name: act1, type: relu}"),
                      {"--set model.remove=[act2]", "there is no layer act2", "did you mean act1?"}, {"model.remove=[act2]"});
  expect_config_error(kMinimal, {"there is no layer zzzzzzzzzzzzzz", "layers: fc1, loss"}, {"model.remove=[zzzzzzzzzzzzzz]"});
}

TEST(ReadConfig, KeysThatNeedAnother) {
  expect_config_error(kMinimal, {"schedule.kind is steps", "at_epochs", "at_steps"}, {"schedule.kind=steps"});
  expect_config_error(kMinimal, {"test.yaml:7", "at_epochs and at_steps", "one of them"},
                      {"schedule.steps={at_epochs: [1], at_steps: [1]}"});
  expect_config_error(kMinimal, {"test.yaml:1", "data.statistics is checkpoint", "train.init.checkpoint"}, {"data.statistics=checkpoint"});
  expect_config_error(kMinimal, {"train.validate_splits is empty"}, {"train.validate_splits=[]"});
}

}  // namespace
}  // namespace alexnet
