// A training that one backend began goes on in the other: the cuda backend under the execution model, and onednn.
#include "alexnet/train/checkpoint.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "alexnet/core/rng.hpp"
#include "alexnet/io/safetensors.hpp"
#include "cuda_emulated/cudnn_standin.hpp"
#include "ops/ops_cuda.hpp"
#include "ops/ops_cudnn.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

// Two columns that keep apart up to fc3, and every parameter a fill of its own.
constexpr const char* kConfig = R"(
data: {path: nowhere, crop: 14}
model:
  columns: 2
  num_classes: 5
  defaults: {weights: {init: gaussian, std: 0.15}, bias: {init: constant, value: 0.1, lr_mult: 2, decay_mult: 0}}
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 8, kernel_size: 5, stride: 2, pad: {right: 2, bottom: 1}}
    - {name: act1, type: relu}
    - {name: lrn1, type: lrn, sees: own, size: 3, k: 2, alpha: 0.01, beta: 0.75, reduction: sum}
    - {name: pool1, type: max_pool, kernel_size: 3, stride: 2}
    - {name: fc2, type: fully_connected, sees: own, num_output: 12}
    - {name: act2, type: tanh}
    - {name: drop2, type: dropout, rate: 0.5, scale_at: train}
    - {name: fc3, type: fully_connected, sees: all, num_output: num_classes}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 6, max_steps: 10}
optimizer: {momentum: 0.9, weight_decay: 0.0005}
schedule: {kind: constant, learning_rate: 0.02}
)";
constexpr std::int64_t kBatch = 6, kSize = 16;

struct Training {
  explicit Training(const std::shared_ptr<Backend>& backend, const Algorithms& algorithms = {}) {
    checkpoint.config = parse_config(kConfig, "test.yaml", {});
    GraphOptions options;
    options.batch_size = kBatch;
    options.image_height = options.image_width = kSize;
    options.input_scale = 0.01F;
    options.algorithms = algorithms;
    options.optimizer = checkpoint.config.optimizer;
    graph = std::make_unique<Graph>(make_network(checkpoint.config.model, 14, 5), backend, options);
    graph->initialize(3);
    float grey[] = {128, 127, 126};
    graph->set_mean(Tensor(grey, {1, 1, 3}, DType::f32));
    checkpoint.picture_size = kSize;
    checkpoint.statistics.height = checkpoint.statistics.width = kSize;
    checkpoint.statistics.mean_image.assign(kSize * kSize * 3, 128);
    checkpoint.classes = {{"a", "a"}, {"b", "b"}, {"c", "c"}, {"d", "d"}, {"e", "e"}};
  }

  // Losses of the next steps.
  std::vector<double> train(int steps) {
    std::vector<double> losses;
    std::vector<std::uint8_t> pixels(kBatch * kSize * kSize * 3);
    std::vector<std::int32_t> labels(kBatch);
    const std::vector<SampleTransform> transforms(kBatch, {1, 2, 1, {3, 0, -3}});
    for (; steps > 0; --steps, ++step_) {
      for (std::size_t i = 0; i < pixels.size(); ++i)
        pixels[i] = static_cast<std::uint8_t>(random_block(step_, RandomStream::drawn_picture, i)[0]);
      for (std::size_t n = 0; n < labels.size(); ++n) labels[n] = static_cast<std::int32_t>((n + step_) % 5);
      StepParameters parameters;
      parameters.seed = 9;
      parameters.first_sample = step_ * kBatch;
      parameters.count_images(kBatch);
      parameters.weights_learning_rate.fill(0.02F);
      parameters.bias_learning_rate.fill(0.04F);
      parameters.dropout_rate.fill(0.5F);
      graph->reset_totals();
      graph->set_images(pixels, labels, transforms);
      graph->set_step(parameters);
      graph->forward(true);
      graph->backward();
      graph->update();
      losses.push_back(graph->totals().loss / kBatch);
    }
    return losses;
  }
  void go_on(const std::string& path, std::uint64_t step) {
    load_parameters(path, *graph, {.velocities = true, .skip = {}});
    step_ = step;
  }

  Checkpoint checkpoint;
  std::unique_ptr<Graph> graph;

 private:
  std::uint64_t step_ = 0;
};

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5 * expected[i]) << "step " << i;
}

TEST(CudaCheckpoint, ATrainingGoesOnInTheOtherBackend) {
  const TemporaryFolder folder;
  const auto make_cuda = [] { return std::shared_ptr<Backend>(make_backend_cuda({})); };
  const auto make_onednn = [] { return std::shared_ptr<Backend>(make_backend("onednn", {1})); };
  Training on_gpu(make_cuda()), on_cpu(make_onednn());
  expect_near(on_gpu.train(5), on_cpu.train(5));
  save_checkpoint(folder / "gpu.safetensors", *on_gpu.graph, on_gpu.checkpoint);
  save_checkpoint(folder / "cpu.safetensors", *on_cpu.graph, on_cpu.checkpoint);
  Training from_cpu(make_cuda()), from_gpu(make_onednn()), from_gpu_on_gpu(make_cuda());
  from_cpu.go_on(folder / "cpu.safetensors", 5);
  from_gpu.go_on(folder / "gpu.safetensors", 5);
  from_gpu_on_gpu.go_on(folder / "gpu.safetensors", 5);
  const std::vector<double> expected = on_cpu.train(5), uninterrupted = on_gpu.train(5);
  expect_near(from_cpu.train(5), expected);
  expect_near(from_gpu.train(5), expected);
  expect_near(uninterrupted, expected);
  EXPECT_EQ(from_gpu_on_gpu.train(5), uninterrupted) << "bit for bit";
}

// What was chosen when the run began is taken again when it goes on, however fast it is today.
TEST(CudnnCheckpoint, KeepsTheChoiceOfAlgorithms) {
  using test::cudnn_standin;
  setenv("ALEXNET_CUDNN_FOLDER", CUDNN_STANDIN_FOLDER, 1);
  cudnn_standin() = {};
  const TemporaryFolder folder;
  const std::string path = folder / "run.safetensors";
  const auto make = [] { return std::shared_ptr<Backend>(make_backend_cudnn({})); };
  cudnn_standin().engines = {{.id = 7, .ms = 1000}, {.id = 8, .ms = 3000}};
  const Algorithms chosen{{"conv1.forward", "9.19.0 fused eng7"}, {"conv1.backward_weights", "9.19.0 eng7"}};
  {
    Training training(make());
    EXPECT_EQ(training.graph->algorithms(), chosen) << "nobody needs conv1's backward_data";
    training.train(2);
    save_checkpoint(path, *training.graph, training.checkpoint);
    EXPECT_EQ(read_checkpoint(path).algorithms, chosen);

    cudnn_standin().engines = {{.id = 7, .ms = 3000}, {.id = 8, .ms = 1000}};
    Training resumed(make(), read_checkpoint(path).algorithms), afresh(make());
    EXPECT_EQ(resumed.graph->algorithms(), chosen);
    EXPECT_NE(afresh.graph->algorithms(), chosen);
    resumed.go_on(path, 2);
    EXPECT_EQ(resumed.train(3), training.train(3));
    // Another backend has no use for them and does not keep them.
    Training on_cuda(make_backend_cuda({}), chosen);
    save_checkpoint(folder / "cuda.safetensors", *on_cuda.graph, on_cuda.checkpoint);
    EXPECT_TRUE(read_checkpoint(folder / "cuda.safetensors").algorithms.empty());
    EXPECT_EQ(SafetensorsFile(folder / "cuda.safetensors").metadata().at("alexnet").find("algorithms\":{"), std::string::npos);
  }
  cudnn_standin() = {};
  unsetenv("ALEXNET_CUDNN_FOLDER");
}

}  // namespace
}  // namespace alexnet
