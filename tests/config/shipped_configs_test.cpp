// The experiments in configs/: they load, and hold the values of the recipes that they stand for.
#include <algorithm>
#include <filesystem>
#include <set>

#include "config_fixture.hpp"

namespace alexnet {
namespace {

Config shipped(const std::string& name) { return load_config(shipped_path(name), {}); }

const LayerConfig& layer(const Config& config, const std::string& name) {
  const auto found =
      std::find_if(config.model.layers.begin(), config.model.layers.end(), [&](const LayerConfig& l) { return l.name == name; });
  if (found == config.model.layers.end()) throw std::logic_error("no layer " + name);
  return *found;
}

std::string names_of(const Config& config) {
  std::string text;
  for (const LayerConfig& l : config.model.layers) text += (text.empty() ? "" : " ") + l.name;
  return text;
}

TEST(ShippedConfigs, AreTheOnesOfTheContractAndLoad) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ALEXNET_SOURCE_DIR) + "/configs"))
    files.insert(entry.path().stem().string());
  for (const std::string& name : shipped_configs()) EXPECT_TRUE(files.contains(name)) << name;
  for (const std::string& name : files) EXPECT_NO_THROW(shipped(name)) << name;
}

TEST(ShippedConfigs, NumbersOfLayers) {
  const std::vector<std::pair<std::string, std::size_t>> counts{
      {"alexnet", 23},       {"alexnet_paper", 23}, {"alexnet_original_2012", 24}, {"alexnet_caffe", 23}, {"tiny_imagenet", 23},
      {"cifar10_quick", 13}, {"cifar10_relu", 11},  {"cifar10_tanh", 11},          {"quickstart", 23},    {"smoke", 19}};
  for (const auto& [name, count] : counts) EXPECT_EQ(shipped(name).model.layers.size(), count) << name;
}

TEST(ShippedConfigs, ThePaper) {
  const Config c = shipped("alexnet_paper");
  EXPECT_EQ(names_of(c),
            "conv1 act1 lrn1 pool1 conv2 act2 lrn2 pool2 conv3 act3 conv4 act4 conv5 act5 pool5 fc6 act6 drop6 fc7 act7 drop7 fc8 loss");
  EXPECT_EQ(c.data.crop, 224);
  EXPECT_EQ(c.data.color_noise.std, TimedValue(0.1));
  EXPECT_EQ(c.data.scale, 1.0);
  EXPECT_EQ(layer(c, "conv1").pad, (Padding{0, 0, 3, 3}));
  for (const char* name : {"conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"}) {
    const LayerConfig& l = layer(c, name);
    const bool one = std::string("conv2 conv4 conv5 fc6 fc7").find(name) != std::string::npos;
    EXPECT_EQ(l.weights.std, 0.01) << name;
    EXPECT_EQ(l.bias.value, one ? 1 : 0) << name;
    EXPECT_EQ(l.bias.lr_mult, 1) << name;
    EXPECT_EQ(l.bias.decay_mult, 1) << name;
    EXPECT_EQ(l.bias.init, "constant") << name;
    const bool own = std::string("conv2 conv4 conv5").find(name) != std::string::npos;
    EXPECT_EQ(l.sees, own ? "own" : "all") << name;
  }
  for (const char* name : {"lrn1", "lrn2"}) {
    EXPECT_EQ(layer(c, name).reduction, "sum");
    EXPECT_EQ(layer(c, name).k, 2);
    EXPECT_EQ(layer(c, name).sees, "own");
  }
  EXPECT_EQ(layer(c, "drop6").scale_at, "test");
  EXPECT_EQ(c.schedule.kind, "plateau");
  EXPECT_EQ(c.schedule.plateau.max_reductions, 3);
  EXPECT_EQ(c.train.batch_size, 128);
  EXPECT_EQ(c.optimizer.weight_decay, 0.0005);
}

TEST(ShippedConfigs, TheNetOf2012) {
  const Config c = shipped("alexnet_original_2012");
  EXPECT_EQ(
      names_of(c),
      "conv1 lrn1 pool1 act1 conv2 act2 lrn2 norm2 pool2 conv3 act3 conv4 act4 conv5 act5 pool5 fc6 act6 drop6 fc7 act7 drop7 fc8 loss");
  for (const char* name : {"conv3", "conv4", "conv5"}) EXPECT_EQ(layer(c, name).weights.std, 0.03) << name;
  for (const char* name : {"conv1", "conv2", "fc6", "fc7", "fc8"}) EXPECT_EQ(layer(c, name).weights.std, 0.01) << name;
  EXPECT_EQ(layer(c, "norm2").type, "spatial_norm");
  EXPECT_EQ(layer(c, "norm2").size, 5);
  EXPECT_EQ(layer(c, "norm2").k, 1);
  EXPECT_EQ(layer(c, "norm2").alpha, 1e-3);
  EXPECT_EQ(layer(c, "norm2").reduction, "mean");
  EXPECT_EQ(layer(c, "lrn1").reduction, "mean");
  EXPECT_EQ(layer(c, "fc6").bias.lr_mult, 2);
  EXPECT_EQ(layer(c, "fc6").bias.decay_mult, 0);
  EXPECT_EQ(c.data.images_per_draw, 32);
  EXPECT_EQ(c.data.color_noise.std.at(66.9), 0.1);
  EXPECT_EQ(c.data.color_noise.std.at(67), 0);
  EXPECT_EQ(c.data.scale, 0.909);
  // 0.01 -> 1e-3 (25) -> 1e-4 (51) -> 1e-5 (79), end 91; conv1 has 1e-5 from 67 and rests from 72.
  EXPECT_EQ(c.schedule.steps.at_epochs, (std::vector<double>{25, 51, 79}));
  EXPECT_EQ(c.train.epochs, 91.0);
  const double rate_at_67 = c.schedule.learning_rate * c.schedule.steps.factor * c.schedule.steps.factor;
  EXPECT_NEAR(rate_at_67 * layer(c, "conv1").lr_mult.at(67), 1e-5, 1e-18);
  EXPECT_EQ(layer(c, "conv1").lr_mult.at(66), 1);
  EXPECT_EQ(layer(c, "conv1").lr_mult.at(72), 0);
}

TEST(ShippedConfigs, Caffe) {
  const Config c = shipped("alexnet_caffe");
  EXPECT_EQ(c.data.crop, 227);
  EXPECT_EQ(layer(c, "conv1").pad, Padding{});
  EXPECT_TRUE(c.data.color_noise.std.always_zero());
  for (const char* name : {"lrn1", "lrn2"}) {
    EXPECT_EQ(layer(c, name).k, 1);
    EXPECT_EQ(layer(c, name).sees, "all");
    EXPECT_EQ(layer(c, name).reduction, "mean");
  }
  for (const char* name : {"conv2", "conv4", "conv5", "fc6", "fc7"}) EXPECT_EQ(layer(c, name).bias.value, 0.1) << name;
  for (const char* name : {"conv1", "conv3", "fc8"}) EXPECT_EQ(layer(c, name).bias.value, 0) << name;
  for (const char* name : {"conv2", "conv4", "conv5"}) EXPECT_EQ(layer(c, name).sees, "own") << name;
  EXPECT_EQ(layer(c, "fc6").weights.std, 0.005);
  EXPECT_EQ(layer(c, "fc7").weights.std, 0.005);
  EXPECT_EQ(layer(c, "fc8").weights.std, 0.01);
  EXPECT_EQ(layer(c, "conv3").weights.std, 0.01);
  EXPECT_EQ(layer(c, "drop6").scale_at, "train");
  EXPECT_EQ(c.train.batch_size, 256);
  EXPECT_EQ(c.train.max_steps, 450000);
  EXPECT_FALSE(c.train.epochs);
  EXPECT_EQ(c.schedule.steps.at_steps, (std::vector<std::int64_t>{100000, 200000, 300000, 400000}));
}

TEST(ShippedConfigs, Cifar10) {
  const Config quick = shipped("cifar10_quick"), relu = shipped("cifar10_relu"), tanh = shipped("cifar10_tanh");
  for (const Config& c : {quick, relu, tanh}) {
    EXPECT_EQ(c.model.columns, 1);
    EXPECT_EQ(c.data.crop, 32);
    EXPECT_FALSE(c.data.flip);
    EXPECT_TRUE(c.data.color_noise.std.always_zero());
    EXPECT_EQ(layer(c, "conv1").weights.std, 1e-4);
    EXPECT_EQ(layer(c, "conv2").weights.std, 0.01);
    EXPECT_EQ(layer(c, "conv1").bias.lr_mult, 2);
    EXPECT_EQ(layer(c, "conv1").bias.decay_mult, 0);
    EXPECT_EQ(layer(c, "pool2").pad, (Padding{0, 0, 1, 1}));
    EXPECT_FALSE(layer(c, "pool2").count_pad);
    EXPECT_EQ(c.schedule.learning_rate, 0.001);
    EXPECT_EQ(c.train.batch_size, 128);
  }
  EXPECT_DOUBLE_EQ(quick.optimizer.weight_decay * layer(quick, "conv1").weights.decay_mult, 0.004);
  EXPECT_DOUBLE_EQ(quick.optimizer.weight_decay * layer(quick, "fc64").weights.decay_mult, 0.03);
  EXPECT_DOUBLE_EQ(quick.optimizer.weight_decay * layer(quick, "fc10").weights.decay_mult, 0.03);
  EXPECT_EQ(layer(quick, "fc64").weights.std, 0.1);
  EXPECT_EQ(quick.schedule.steps.at_epochs, std::vector<double>{12});
  EXPECT_EQ(quick.train.epochs, 13.0);
  EXPECT_EQ(relu.optimizer.weight_decay, 0);
  EXPECT_THAT(diff_configs(relu, tanh), testing::ElementsAre("model.layers.act1.type: relu -> tanh", "model.layers.act2.type: relu -> tanh",
                                                             "model.layers.act3.type: relu -> tanh"));
}

TEST(ShippedConfigs, SmokeHoldsEveryKindOfLayerAndEveryChangeWithinItsSteps) {
  const Config c = shipped("smoke");
  std::set<std::string> types;
  for (const LayerConfig& l : c.model.layers) types.insert(l.type);
  EXPECT_EQ(types.size(), 10U);
  EXPECT_EQ(c.model.columns, 2);
  EXPECT_TRUE(c.data.flip);
  EXPECT_NE(layer(c, "drop4").scale_at, layer(c, "drop5").scale_at);
  EXPECT_EQ(layer(c, "conv2").bias.lr_mult, 2);
  EXPECT_EQ(c.train.batch_size, 16);
  EXPECT_EQ(c.train.epochs, 2.0);
  ASSERT_EQ(c.schedule.steps.at_steps.size(), 1U);
  EXPECT_LT(c.schedule.steps.at_steps[0], 20);
  EXPECT_NE(c.data.color_noise.std.at(0), c.data.color_noise.std.at(1.9));
  EXPECT_EQ(layer(c, "conv1").lr_mult.at(1.9), 0);
}

TEST(ShippedConfigs, TwoColumnsThatMeetInConv3) {
  for (const char* name : {"alexnet", "tiny_imagenet", "quickstart"}) {
    const Config c = shipped(name);
    EXPECT_EQ(c.model.columns, 2) << name;
    EXPECT_EQ(layer(c, "conv3").sees, "all") << name;
    for (const char* own : {"conv2", "conv4", "conv5", "lrn1", "lrn2"}) EXPECT_EQ(layer(c, own).sees, "own") << name << " " << own;
  }
}

}  // namespace
}  // namespace alexnet
