// End to end: 20 training steps of a small net, compiled, planned and run as a real one.
#include <algorithm>
#include <cmath>

#include "alexnet/config/config.hpp"
#include "alexnet/core/rng.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/model/network.hpp"
#include "selftest/checks.hpp"

namespace alexnet::selftest {
namespace {

constexpr std::int64_t kBatch = 16, kPictureSize = 32, kNumClasses = 4;
constexpr int kSteps = 20;
// Two f32 programs drift apart step by step, the more the larger the rate; the bound of the contract for the loss of step 20.
constexpr reference::Tolerance kLossTolerance{1e-4, 1e-4, "20 steps of f32 in another order"};

constexpr const char* kNet = R"(
data: {path: none, crop: 28, scale: 0.01}
model:
  columns: 2
  num_classes: 4
  defaults: {weights: {init: gaussian, std: 0.1}, bias: {init: constant, value: 0, lr_mult: 2, decay_mult: 0}}
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 16, kernel_size: 5, stride: 1, pad: {top: 1, left: 1, bottom: 2, right: 2}}
    - {name: act1, type: relu}
    - {name: lrn1, type: lrn, sees: own, size: 5, k: 2, alpha: 0.0001, beta: 0.75, reduction: sum}
    - {name: pool1, type: max_pool, kernel_size: 3, stride: 2, pad: 0}
    - {name: conv2, type: conv2d, sees: own, num_output: 24, kernel_size: 3, stride: 1, pad: 1}
    - {name: act2, type: tanh}
    - {name: lrn2, type: lrn, sees: all, size: 5, k: 1, alpha: 0.0001, beta: 0.75, reduction: mean}
    - {name: norm2, type: spatial_norm, size: 5, k: 1, alpha: 0.001, beta: 0.75, reduction: mean}
    - {name: pool2, type: average_pool, kernel_size: 3, stride: 2, pad: {bottom: 1, right: 1}, count_pad: false}
    - {name: conv3, type: conv2d, sees: all, num_output: 32, kernel_size: 3, stride: 1, pad: 1}
    - {name: act3, type: relu}
    - {name: fc4, type: fully_connected, sees: all, num_output: 32}
    - {name: act4, type: relu}
    - {name: drop4, type: dropout, rate: 0.5, scale_at: test}
    - {name: fc5, type: fully_connected, sees: all, num_output: num_classes}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 16, max_steps: 20}
optimizer: {momentum: 0.9, weight_decay: 0.0005}
schedule: {learning_rate: 0.01}
)";

// Loss of each step.
Doubles train(const std::shared_ptr<Backend>& backend, DType type) {
  const Config config = parse_config(kNet, "selftest");
  GraphOptions options;
  options.batch_size = kBatch;
  options.image_height = options.image_width = kPictureSize;
  options.input_scale = static_cast<float>(config.data.scale);
  options.optimizer = config.optimizer;
  options.activation_type = type;
  Graph graph(make_network(config.model, config.data.crop, kNumClasses), backend, options);
  std::vector<float> mean = {120, 120, 120};
  graph.set_mean(Tensor(mean.data(), {1, 1, 3}, DType::f32));
  graph.initialize(1);

  Doubles losses;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kBatch * kPictureSize * kPictureSize * 3));
  std::vector<std::int32_t> labels(kBatch);
  std::vector<SampleTransform> transforms(kBatch);
  for (int i = 0; i < kSteps; ++i) {
    for (std::size_t n = 0; n < labels.size(); ++n) {
      labels[n] = static_cast<std::int32_t>((n * 7 + static_cast<std::size_t>(i)) % kNumClasses);
      transforms[n] = {static_cast<std::int32_t>(n % 5), static_cast<std::int32_t>(n % 4), static_cast<std::int32_t>(n % 2), {1, -1, 2}};
      // Noise, brighter in one channel or two for each class: something to learn.
      const std::size_t count = pixels.size() / labels.size();
      for (std::size_t k = 0; k < count; ++k) {
        const std::uint32_t word = random_block(static_cast<std::uint64_t>(i), 3000, n * count + k, 0)[0];
        const bool bright = static_cast<std::int32_t>(k % 3) == labels[n] || labels[n] == 3;
        pixels[n * count + k] = static_cast<std::uint8_t>(word % 128 + (bright ? 100 : 40));
      }
    }
    StepParameters step;
    step.seed = 1;
    step.first_sample = static_cast<std::uint64_t>(i * kBatch);
    step.count_images(kBatch);
    step.weights_learning_rate.fill(0.01F);
    step.bias_learning_rate.fill(0.02F);
    const auto& layers = graph.network().layers;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (layers[l]->name() == "drop4") step.dropout_rate[l] = 0.5F;
    }
    graph.reset_totals();
    graph.set_images(pixels, labels, transforms);
    graph.set_step(step);
    graph.forward(true);
    graph.backward();
    graph.update();
    losses.push_back(graph.totals().loss / kBatch);
  }
  return losses;
}

}  // namespace

void check_training(const std::shared_ptr<Backend>& backend, DType type, const Report& report) {
  const reference::Tolerance& tolerance = type == DType::bf16 ? reference::kBfloat16TrainingTolerance : kLossTolerance;
  const Doubles losses = train(backend, type), again = train(backend, type), expected = train(make_backend("onednn", {1}), DType::f32);
  SelftestResult result{"training", "small net with two columns", "20 steps beside onednn", 0, 0, ""};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double difference = std::abs(losses[i] - expected[i]);
    result.largest = std::max(result.largest, difference);
    result.error = std::max(result.error, difference / (tolerance.absolute + tolerance.relative * std::abs(expected[i])));
    if (!(result.error <= 1) && result.trouble.empty())
      result.trouble = fmt::format("the loss of step {} is {} instead of {} (allowed: {} and {} of it)", i + 1, losses[i], expected[i],
                                   tolerance.absolute, tolerance.relative);
  }
  if (result.trouble.empty() && losses != again) result.trouble = "a second run gives other losses";
  if (result.trouble.empty() && !(losses.back() < losses.front()))
    result.trouble = fmt::format("nothing is learned: the loss went from {} to {}", losses.front(), losses.back());
  report(result);
}

}  // namespace alexnet::selftest
