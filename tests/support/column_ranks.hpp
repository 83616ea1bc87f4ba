// A small network laid over several devices: threads of this process, each with a graph of its own on one thread.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/core/rng.hpp"
#include "alexnet/model/graph.hpp"

namespace alexnet::test {

// Two columns, every kind of layer, both kinds of LRN; tanh before the dropouts, so that only the mask makes zeros.
inline constexpr const char* kColumnsNet = R"(
data: {path: nowhere, crop: 20}
model:
  columns: 2
  num_classes: 6
  defaults: {weights: {init: gaussian, std: 0.1}, bias: {init: constant, value: 0.1, lr_mult: 2, decay_mult: 0}}
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 8, kernel_size: 5, stride: 1, pad: 2}
    - {name: act1, type: relu}
    - {name: lrn1, type: lrn, sees: own, size: 3, k: 2, alpha: 0.01, beta: 0.75, reduction: sum}
    - {name: pool1, type: max_pool, kernel_size: 3, stride: 2}
    - {name: conv2, type: conv2d, sees: own, num_output: 12, kernel_size: 3, stride: 1, pad: 1}
    - {name: act2, type: tanh}
    - {name: lrn2, type: lrn, sees: all, size: 5, k: 1, alpha: 0.1, beta: 0.75, reduction: mean}
    - {name: norm2, type: spatial_norm, size: 5, k: 1, alpha: 0.01, beta: 0.75, reduction: mean}
    - {name: pool2, type: average_pool, kernel_size: 3, stride: 2, pad: {bottom: 1, right: 1}, count_pad: false}
    - {name: drop2, type: dropout, rate: 0.25, scale_at: train}
    - {name: conv3, type: conv2d, sees: all, num_output: 10, kernel_size: 3, stride: 1, pad: 1}
    - {name: act3, type: relu}
    - {name: conv4, type: conv2d, sees: own, num_output: 10, kernel_size: 3, stride: 1, pad: 1}
    - {name: act4, type: relu}
    - {name: fc5, type: fully_connected, sees: all, num_output: 26}
    - {name: act5, type: tanh}
    - {name: drop5, type: dropout, rate: 0.5, scale_at: test}
    - {name: fc6, type: fully_connected, sees: own, num_output: 22}
    - {name: act6, type: relu}
    - {name: fc7, type: fully_connected, sees: all, num_output: num_classes}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 4, max_steps: 20}
optimizer: {momentum: 0.9, weight_decay: 0.0005}
schedule: {learning_rate: 0.01}
)";

struct ColumnsOptions {
  std::int64_t batch_size = 4, picture_size = 24;
  GraphMode mode = GraphMode::training;
  DType type = DType::f32;
  std::shared_ptr<Backend> backend = nullptr;  // nullptr: onednn on one thread
};

inline std::unique_ptr<Graph> make_columns_graph(const Config& config, const ColumnShare& share, const ColumnsOptions& options = {}) {
  GraphOptions o;
  o.mode = options.mode;
  o.batch_size = options.batch_size;
  o.image_height = o.image_width = options.picture_size;
  o.input_scale = 0.02F;
  o.optimizer = config.optimizer;
  o.activation_type = options.type;
  auto graph = std::make_unique<Graph>(make_network(config.model, config.data.crop, config.model.num_classes.value(), share),
                                       options.backend ? options.backend : make_backend("onednn", {1}), o);
  std::vector<float> mean = {128, 128, 128};
  graph->set_mean(Tensor(mean.data(), {1, 1, 3}, DType::f32));
  graph->initialize(config.seed);
  return graph;
}

// A batch of noise, brighter in one channel for each class; of `num_replicas` graphs number `replica` gets its share.
inline void set_columns_batch(Graph& graph, const Config& config, std::int64_t picture_size, std::int64_t step_index, int replica = 0,
                              int num_replicas = 1) {
  const std::int64_t N = graph.batch_size(), num_classes = graph.network().num_classes, values = picture_size * picture_size * 3;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(N * values));
  std::vector<std::int32_t> labels;
  std::vector<SampleTransform> transforms(static_cast<std::size_t>(N));
  for (std::int64_t n = 0; n < N; ++n) {
    const std::int64_t picture = replica * N + n;
    labels.push_back(static_cast<std::int32_t>((picture * 5 + step_index) % num_classes));
    transforms[static_cast<std::size_t>(n)].flip = static_cast<std::int32_t>(picture % 2);
    for (std::int64_t i = 0; i < values; ++i) {
      const std::uint32_t word =
          random_block(static_cast<std::uint64_t>(step_index), 3000, static_cast<std::uint64_t>(picture * values + i), 0)[0];
      pixels[static_cast<std::size_t>(n * values + i)] = static_cast<std::uint8_t>(word % 160 + (i % 3 == labels.back() % 3 ? 90 : 0));
    }
  }
  StepParameters step;
  step.seed = config.seed;
  step.first_sample = static_cast<std::uint64_t>((step_index * num_replicas + replica) * N);
  step.count_images(N);
  step.loss_images *= num_replicas;
  step.weights_learning_rate.fill(static_cast<float>(config.schedule.learning_rate));
  step.bias_learning_rate.fill(2 * static_cast<float>(config.schedule.learning_rate));
  for (const auto& layer : graph.network().layers) {
    if (layer->config().type == "dropout")
      step.dropout_rate[static_cast<std::size_t>(layer->slot())] = static_cast<float>(layer->config().rate.at(0));
  }
  graph.reset_totals();
  graph.set_images(pixels, labels, transforms);
  graph.set_step(step);
}

inline double training_step(Graph& graph, const Config& config, std::int64_t picture_size, std::int64_t step_index,
                            const Graph::Observer& observer = nullptr) {
  set_columns_batch(graph, config, picture_size, step_index);
  graph.forward(true, observer);
  const double loss = graph.totals().loss / static_cast<double>(graph.batch_size());
  graph.backward();
  return loss;
}

// Of a from b, as a fraction of b's norm.
inline double norm_of_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b.at(i)), 2);
    norm += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / norm);
}

// body(share) for each of `num_devices` columns' devices; on one in this thread, without a communicator.
inline void on_column_devices(int num_devices, const std::function<void(const ColumnShare&)>& body) {
  if (num_devices == 1) return body({});
  const ExitCode code = run_ranks({.num_ranks = num_devices, .time_limit_s = 60}, [&](Communicator& world) {
    body({world.rank(), world.size(), &world});
    return ExitCode::done;
  });
  EXPECT_EQ(code, ExitCode::done);
}

}  // namespace alexnet::test
