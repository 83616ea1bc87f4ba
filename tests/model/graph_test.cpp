#include "alexnet/model/graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alexnet/core/rng.hpp"
#include "support/expect_error.hpp"
#include "support/forwarding_backend.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kSize = 16;

// Two columns, both norms, dropout, columns meeting at the end.
constexpr const char* kNet = R"(
data: {path: nowhere, crop: 16, color_noise: {std: 0}}
model:
  columns: 2
  num_classes: 6
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 8, kernel_size: 3, stride: 1, pad: 1, weights: {std: 0.1}}
    - {name: act1, type: relu}
    - {name: lrn1, type: lrn, sees: own, size: 3, k: 2, alpha: 0.01, beta: 0.75, reduction: mean}
    - {name: pool1, type: max_pool, kernel_size: 3, stride: 2}
    - {name: conv2, type: conv2d, sees: own, num_output: 8, kernel_size: 3, stride: 1, pad: 1, weights: {std: 0.1}}
    - {name: act2, type: relu}
    - {name: pool2, type: average_pool, kernel_size: 3, stride: 2, pad: {bottom: 1, right: 1}, count_pad: false}
    - {name: drop3, type: dropout, rate: 0.5, scale_at: test}
    - {name: fc3, type: fully_connected, sees: all, num_output: num_classes, weights: {std: 0.1}}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 4, max_steps: 1}
optimizer: {momentum: 0.9, weight_decay: 0}
schedule: {kind: constant, learning_rate: 0.05}
)";

struct Fixture {
  explicit Fixture(const std::vector<std::string>& sets = {}, std::int64_t batch_size = 4, GraphMode mode = GraphMode::training,
                   const std::shared_ptr<Backend>& backend = make_backend("onednn", {1}))
      : config(parse_config(kNet, "test.yaml", sets)) {
    GraphOptions options;
    options.mode = mode;
    options.batch_size = batch_size;
    options.image_height = options.image_width = kSize;
    options.input_scale = 0.02F;
    options.optimizer = config.optimizer;
    graph = std::make_unique<Graph>(make_network(config.model, config.data.crop, 6), backend, options);
    graph->initialize(config.seed);
    pixels.resize(static_cast<std::size_t>(batch_size * kSize * kSize * 3));
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(random_block(1, RandomStream::drawn_picture, i)[0]);
    for (std::int64_t n = 0; n < batch_size; ++n) labels.push_back(static_cast<std::int32_t>(n % 6));
    transforms.resize(static_cast<std::size_t>(batch_size));
    std::fill(mean.begin(), mean.end(), 128.0F);
    graph->set_mean(Tensor(mean.data(), {1, 1, 3}, DType::f32));
    step.seed = config.seed;
    step.count_images(batch_size);
    step.weights_learning_rate.fill(0.05F);
    step.bias_learning_rate.fill(0.1F);
    step.dropout_rate.fill(0.5F);
  }
  void load() {
    graph->set_images(pixels, labels, transforms);
    graph->set_step(step);
  }
  double loss(bool training) {
    load();
    graph->reset_totals();
    graph->forward(training);
    return graph->totals().loss / step.valid_images;
  }
  std::vector<float> all_values() {
    std::vector<float> all;
    for (const Parameter& p : graph->parameters()) {
      const auto values = graph->read(p.value);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }
  Parameter& parameter(const std::string& name) {
    for (Parameter& p : graph->parameters()) {
      if (p.spec.name == name) return p;
    }
    throw std::runtime_error("no parameter " + name);
  }

  Config config;
  std::unique_ptr<Graph> graph;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<SampleTransform> transforms;
  std::array<float, 3> mean{};
  StepParameters step;
};

TEST(GraphTest, GradientsMatchFiniteDifferencesOfTheLoss) {
  Fixture f;
  f.loss(true);
  f.graph->backward();
  for (Parameter& parameter : f.graph->parameters()) {
    const std::vector<float> gradient = f.graph->read(parameter.diff);
    std::vector<float> values = f.graph->read(parameter.value);
    // Along the gradient the loss rises by its norm: one directional check a tensor, well above f32's noise.
    const double norm = std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0));
    ASSERT_GT(norm, 1e-6) << parameter.spec.name;
    const double h = 1e-3;
    const auto moved = [&](double sign) {
      std::vector<float> shifted = values;
      for (std::size_t i = 0; i < shifted.size(); ++i) shifted[i] += static_cast<float>(sign * h * gradient[i] / norm);
      f.graph->write(parameter.value, shifted);
      return f.loss(true);
    };
    const double slope = (moved(1) - moved(-1)) / (2 * h);
    f.graph->write(parameter.value, values);
    EXPECT_NEAR(slope, norm, 0.02 * norm + 1e-4) << parameter.spec.name;
  }
}

TEST(GraphTest, TrainingLowersTheLossOfOneBatch) {
  Fixture f({"model.layers.drop3.rate=0"});
  f.step.dropout_rate.fill(0);
  const double before = f.loss(true);
  for (int i = 0; i < 60; ++i) {
    f.graph->forward(true);
    f.graph->backward();
    f.graph->update();
  }
  EXPECT_LT(f.loss(true), 0.2 * before);
}

TEST(GraphTest, TwoRunsAreBitwiseEqual) {
  Fixture a, b;
  for (Fixture* f : {&a, &b}) {
    for (int i = 0; i < 3; ++i) {
      f->loss(true);
      f->graph->backward();
      f->graph->update();
    }
  }
  EXPECT_EQ(a.all_values(), b.all_values());
}

TEST(GraphTest, EvaluationLeavesNoTraceInTraining) {
  Fixture a, b;
  for (Fixture* f : {&a, &b}) {
    if (f == &b) f->loss(false);
    f->loss(true);
    f->graph->backward();
    f->graph->update();
    if (f == &b) f->loss(false);
  }
  EXPECT_EQ(a.all_values(), b.all_values());
}

TEST(GraphTest, AnInferenceGraphComputesTheSameProbabilities) {
  Fixture training, inference({}, 4, GraphMode::inference);
  training.loss(false);
  inference.loss(false);
  EXPECT_EQ(training.graph->probabilities(), inference.graph->probabilities());
  EXPECT_LT(inference.graph->plan().activation_bytes, training.graph->plan().activation_bytes);
  EXPECT_LT(inference.graph->plan().parameter_bytes, training.graph->plan().parameter_bytes);
}

TEST(GraphTest, PaddedImagesDoNotCount) {
  Fixture whole({}, 2), padded({}, 4);
  padded.step.count_images(2);
  std::copy_n(whole.pixels.begin(), whole.pixels.size(), padded.pixels.begin());
  EXPECT_NEAR(whole.loss(true), padded.loss(true), 1e-6);
  EXPECT_EQ(padded.graph->totals().images, 2);
  whole.graph->backward();
  padded.graph->backward();
  for (const char* name : {"conv1.weight", "fc3.bias"}) {
    const auto a = whole.graph->read(whole.parameter(name).diff), b = padded.graph->read(padded.parameter(name).diff);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-6) << name << " " << i;
  }
}

TEST(GraphTest, AFrozenLayerKeepsItsWeightsAndLosesItsVelocity) {
  Fixture f;
  const auto step = [&](const std::vector<bool>& frozen) {
    f.loss(true);
    f.graph->backward({.frozen = frozen});
    f.graph->update(frozen);
  };
  step({});
  const auto conv1 = f.graph->read(f.parameter("conv1.weight").value);
  const auto conv2 = f.graph->read(f.parameter("conv2.weight").value);
  EXPECT_THAT(f.graph->read(f.parameter("conv1.weight").velocity), testing::Contains(testing::Ne(0.0F)));
  std::vector<bool> frozen(f.graph->network().layers.size(), false);
  frozen[0] = true;
  step(frozen);
  EXPECT_EQ(f.graph->read(f.parameter("conv1.weight").value), conv1);
  EXPECT_NE(f.graph->read(f.parameter("conv2.weight").value), conv2);
  EXPECT_THAT(f.graph->read(f.parameter("conv1.weight").velocity), testing::Each(0.0F));
}

TEST(GraphTest, FreezingALayerDoesNotChangeTheGradientsOfTheOthers) {
  Fixture all, some;
  all.loss(true);
  some.loss(true);
  std::vector<bool> frozen(some.graph->network().layers.size(), false);
  frozen[0] = true;
  all.graph->backward();
  some.graph->backward({.frozen = frozen});
  for (const char* name : {"conv2.weight", "fc3.weight"}) {
    EXPECT_EQ(all.graph->read(all.parameter(name).diff), some.graph->read(some.parameter(name).diff)) << name;
  }
}

TEST(GraphTest, ColumnsDoNotTouchBeforeTheyMeet) {
  Fixture f;
  std::vector<float> before, after;
  const auto observe = [](std::vector<float>& into) {
    return [&into](const std::string& layer, const Tensor& dst) {
      if (layer == "pool2") into.assign(dst.data<float>(), dst.data<float>() + dst.count());
    };
  };
  f.load();
  f.graph->forward(true, observe(before));
  auto& weights = f.parameter("conv1.weight");  // maps 4..7 are column b
  auto values = f.graph->read(weights.value);
  for (std::size_t i = values.size() / 2; i < values.size(); ++i) values[i] += 0.05F;
  f.graph->write(weights.value, values);
  f.graph->forward(true, observe(after));
  bool b_changed = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (i % 8 < 4) {
      ASSERT_EQ(before[i], after[i]) << "column a, element " << i;
    } else {
      b_changed = b_changed || before[i] != after[i];
    }
  }
  EXPECT_TRUE(b_changed);
}

TEST(GraphTest, InitialWeightsHaveTheirSpreadAndDoNotDependOnOtherLayers) {
  Fixture f, shorter({"model.remove=[conv2, act2]"});
  const auto values = f.graph->read(f.parameter("fc3.weight").value);
  double sum = 0, sum_of_squares = 0;
  for (const float v : values) {
    sum += v;
    sum_of_squares += static_cast<double>(v) * v;
  }
  const auto n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0, 4 * 0.1 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(sum_of_squares / n), 0.1, 0.1 * 4 / std::sqrt(2 * n));
  EXPECT_EQ(shorter.graph->read(shorter.parameter("fc3.weight").value), values);
  EXPECT_EQ(shorter.graph->read(shorter.parameter("conv1.weight").value), f.graph->read(f.parameter("conv1.weight").value));
  Fixture other_seed({"seed=2"});
  EXPECT_NE(other_seed.graph->read(other_seed.parameter("fc3.weight").value), values);
}

TEST(GraphTest, AMeanOfAnotherSizeIsRefused) {
  Fixture f;
  std::vector<float> mean(8 * 8 * 3);
  expect_error(ExitCode::bad_data, {"mean image: shape (8, 8, 3) does not fit pictures of (16, 16, 3)"}, [&] {
    f.graph->set_mean(Tensor(mean.data(), {8, 8, 3}, DType::f32));
  });
}

TEST(GraphTest, LabelsCropsAndStepsAreCheckedBeforeTheyGoToTheDevice) {
  Fixture f;
  f.labels[2] = 6;
  expect_error(ExitCode::bad_data, {"picture 2", "label 6", "6 classes"}, [&] { f.load(); });
  f.labels[2] = 5;
  f.transforms[1].left = 1;
  expect_error(ExitCode::internal, {"picture 1", "leaves the stored 16x16"}, [&] { f.load(); });
  f.transforms[1].left = 0;
  f.step.count_images(5);
  expect_error(ExitCode::internal, {"5 valid images in a batch of 4"}, [&] { f.load(); });
  f.step.count_images(4);
  f.step.dropout_rate[7] = 1;
  expect_error(ExitCode::internal, {"slot 7", "rate is 1"}, [&] { f.load(); });
}

// The onednn backend on a device with little memory.
class SmallDevice : public test::ForwardingBackend {
 public:
  explicit SmallDevice(std::size_t free_bytes) : free_bytes_(free_bytes) {}
  std::optional<std::size_t> free_bytes() const override { return free_bytes_; }

 private:
  std::size_t free_bytes_;
};

TEST(GraphTest, TooLittleMemoryIsSaidBeforeAnyIsTaken) {
  const Fixture f;
  const GraphPlan& plan = f.graph->plan();
  const std::size_t of_batch = plan.activation_bytes + plan.batch_bytes;
  const auto on_device = [](std::size_t free_bytes) {
    return Fixture({}, 4, GraphMode::training, std::make_shared<SmallDevice>(free_bytes));
  };
  EXPECT_NO_THROW(on_device(plan.parameter_bytes + of_batch));
  expect_error(ExitCode::out_of_memory,
               {"at batch 4 the network needs", "oneDNN", "for weights, velocities and gradients", "train.batch_size=3 fits"},
               [&] { on_device(plan.parameter_bytes + of_batch - 1); });
  expect_error(ExitCode::out_of_memory, {"train.batch_size=2 fits"}, [&] { on_device(plan.parameter_bytes + of_batch / 2); });
  expect_error(ExitCode::out_of_memory, {"not even one picture at a time fits"}, [&] { on_device(plan.parameter_bytes); });
}

}  // namespace
}  // namespace alexnet
