// A graph whose activations are bf16: which tensors are, what memory that saves, and how far the numbers lie from f32's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "alexnet/core/rng.hpp"
#include "alexnet/model/device.hpp"
#include "alexnet/model/graph.hpp"
#include "model/graph_compiler.hpp"
#include "support/bf16.hpp"
#include "support/expect_error.hpp"

namespace alexnet {
namespace {

Config shipped(const std::string& name) { return load_config(std::string(ALEXNET_SOURCE_DIR) + "/configs/" + name + ".yaml", {}); }

std::vector<Node> typed_nodes(const Network& network, DType type) {
  std::vector<Node> nodes = fuse_layers(network);
  mark_in_place(nodes);
  choose_types(nodes, type);
  return nodes;
}

TEST(ActivationTypesTest, TheLogitsAloneAreF32) {
  const Config config = shipped("alexnet");
  const Network network = make_network(config.model, config.data.crop, 1000);
  for (const Node& node : typed_nodes(network, DType::bf16)) {
    EXPECT_EQ(node.types.src, DType::bf16) << node.label();
    EXPECT_EQ(node.types.dst, node.layer->name() == "fc8" ? DType::f32 : DType::bf16) << node.label();
  }
  for (const Node& node : typed_nodes(network, DType::f32)) EXPECT_EQ(node.types.dst, DType::f32) << node.label();
}

// As in nets that average maps of classes.
TEST(ActivationTypesTest, WhatIsMadeOfTheLogitsIsF32) {
  const Config config = parse_config(R"(
data: {path: nowhere, crop: 8}
model:
  columns: 1
  num_classes: 5
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 5, kernel_size: 3, stride: 1, pad: 1}
    - {name: pool1, type: average_pool, kernel_size: 8, stride: 1}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 4, max_steps: 1}
schedule: {kind: constant, learning_rate: 0.05}
)",
                                     "test.yaml", {});
  const Network network = make_network(config.model, config.data.crop, 5);
  const std::vector<Node> nodes = typed_nodes(network, DType::bf16);
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].types.src, DType::bf16);
  EXPECT_EQ(nodes[0].types.dst, DType::f32);
  EXPECT_EQ(nodes[1].types.src, DType::f32);
  EXPECT_EQ(nodes[1].types.dst, DType::f32);
}

constexpr std::int64_t kBatch = 8, kSize = 32, kNumClasses = 4;

std::unique_ptr<Graph> smoke_graph(DType type) {
  const Config config = shipped("smoke");
  GraphOptions options;
  options.batch_size = kBatch;
  options.image_height = options.image_width = kSize;
  options.input_scale = 0.01F;
  options.optimizer = config.optimizer;
  options.activation_type = type;
  auto graph = std::make_unique<Graph>(make_network(config.model, config.data.crop, kNumClasses), make_backend("onednn", {1}), options);
  graph->initialize(1);
  return graph;
}

TEST(Bf16GraphTest, ActivationsAndTheirGradientsTakeHalfTheMemory) {
  ALEXNET_NEEDS_BF16();
  const auto f32 = smoke_graph(DType::f32), bf16 = smoke_graph(DType::bf16);
  std::map<std::string, std::size_t> bytes;
  for (const auto& block : f32->plan().blocks) bytes[block.name] = block.bytes;
  std::size_t num_halves = 0;
  for (const auto& block : bf16->plan().blocks) {
    if (block.name == "scratch" || block.name.starts_with("workspace fc")) continue;  // rounded weights: in bf16 alone
    const bool is_whole = block.name == "fc6" || block.name == "diff fc6" || block.name.starts_with("workspace");
    EXPECT_EQ(is_whole ? block.bytes : 2 * block.bytes, bytes.at(block.name)) << block.name;
    num_halves += is_whole ? 0 : 1;
  }
  EXPECT_GT(num_halves, 20U);
  EXPECT_LT(static_cast<double>(bf16->plan().activation_bytes), 0.6 * static_cast<double>(f32->plan().activation_bytes));
  EXPECT_EQ(bf16->plan().parameter_bytes, f32->plan().parameter_bytes);
}

using Values = std::map<std::string, std::vector<float>>;

// Activations of a step by layer, and gradients by parameter.
Values step_of(Graph& graph) {
  const float grey[] = {128, 128, 128};
  graph.set_mean(Tensor(const_cast<float*>(grey), {1, 1, 3}, DType::f32));
  std::vector<std::uint8_t> pixels(kBatch * kSize * kSize * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(random_block(1, RandomStream::drawn_picture, i)[0]);
  const std::vector<std::int32_t> labels(kBatch, 1);  // one class: the pictures' gradients add up instead of cancelling out
  graph.set_images(pixels, labels, std::vector<SampleTransform>(kBatch));
  StepParameters step;
  step.count_images(kBatch);
  graph.set_step(step);
  Values values;
  graph.forward(true, [&](const std::string& layer, const Tensor& dst) { values[layer] = graph.read(dst); });
  graph.backward();
  for (const Parameter& parameter : graph.parameters()) {
    EXPECT_EQ(parameter.diff.dtype(), DType::f32);
    values["gradient of " + parameter.spec.name] = graph.read(parameter.diff);
  }
  return values;
}

// |a - b| / |b|, as vectors.
double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    norm += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / norm);
}

TEST(Bf16GraphTest, AStepLiesNearTheSameStepInF32) {
  ALEXNET_NEEDS_BF16();
  const auto f32 = smoke_graph(DType::f32), bf16 = smoke_graph(DType::bf16);
  const Values expected = step_of(*f32), actual = step_of(*bf16);
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, values] : expected) {
    // Rounding to 8 bits is wrong by up to 0.4 % of a value; a dozen layers add up, and in the gradients much cancels out besides.
    const double distance = relative_distance(actual.at(name), values);
    EXPECT_LT(distance, name.starts_with("gradient") ? 0.1 : 0.02) << name;
    EXPECT_GT(distance, 0) << name << ": computed in f32";
  }
}

TEST(Bf16GraphTest, OtherPrecisionsAreRefused) {
  EXPECT_EQ(activation_type("f32"), DType::f32);
  EXPECT_EQ(activation_type("bf16"), DType::bf16);
  expect_error(ExitCode::unavailable, {"device.precision is tf32: this build computes in f32 and bf16"}, [] { activation_type("tf32"); });
}

}  // namespace
}  // namespace alexnet
