// A step in parts: gradients of several forward and backward passes are added up.
#include <gtest/gtest.h>

#include "alexnet/core/rng.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/model/network.hpp"
#include "support/expect_error.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kSize = 32, kImages = 7;

struct Pictures {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<SampleTransform> transforms;

  Pictures() : pixels(kImages * kSize * kSize * 3), transforms(kImages) {
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(random_block(1, RandomStream::drawn_picture, i)[0]);
    for (std::int64_t n = 0; n < kImages; ++n) labels.push_back(static_cast<std::int32_t>(n % 4));
  }
};

std::unique_ptr<Graph> smoke_graph(std::int64_t batch_size, bool sums_parts) {
  const Config config = load_config(std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", {});
  GraphOptions options;
  options.batch_size = batch_size;
  options.image_height = options.image_width = kSize;
  options.input_scale = 0.02F;
  options.optimizer = config.optimizer;
  options.sums_parts = sums_parts;
  auto graph = std::make_unique<Graph>(make_network(config.model, config.data.crop, 4), make_backend("onednn", {1}), options);
  graph->initialize(1);
  std::vector<float> mean(3, 128.0F);
  graph->set_mean(Tensor(mean.data(), {1, 1, 3}, DType::f32));
  return graph;
}

// One step in parts of `part` pictures, the last one shorter.
void run_step(Graph& graph, std::int64_t part, const BackwardOptions& more = {}) {
  const Pictures pictures;
  StepParameters step;
  step.seed = 1;
  step.loss_images = kImages;
  step.dropout_rate.fill(0.5F);
  for (std::int64_t first = 0; first < kImages; first += part) {
    const auto begin = static_cast<std::size_t>(first), count = static_cast<std::size_t>(std::min(part, kImages - first));
    step.first_sample = begin;
    step.valid_images = static_cast<std::int32_t>(count);
    graph.set_images(std::span(pictures.pixels).subspan(begin * kSize * kSize * 3, count * kSize * kSize * 3),
                     std::span(pictures.labels).subspan(begin, count), std::span(pictures.transforms).subspan(begin, count));
    graph.set_step(step);
    graph.forward(true);
    BackwardOptions options = more;
    options.first_part = first == 0;
    options.last_part = first + part >= kImages;
    graph.backward(options);
  }
}

std::vector<std::vector<float>> gradients(Graph& graph) {
  std::vector<std::vector<float>> all;
  for (const Parameter& parameter : graph.parameters()) all.push_back(graph.read(parameter.diff));
  return all;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(a[i]) * a[i];
  }
  return std::sqrt(difference / norm);
}

TEST(StepPartsTest, AddUpToTheGradientsOfTheWholeStep) {
  const auto whole = smoke_graph(kImages, false);
  run_step(*whole, kImages);
  const auto expected = gradients(*whole);
  for (const std::int64_t part : {4, 2, 7}) {
    const auto graph = smoke_graph(part, true);
    for (int step = 0; step < 2; ++step) {  // a second step forgets the first
      graph->reset_totals();
      run_step(*graph, part);
      const auto sums = gradients(*graph);
      for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_LT(distance(expected[i], sums[i]), 1e-5) << graph->parameters()[i].spec.name;
      EXPECT_EQ(graph->totals().images, kImages);
      EXPECT_NEAR(graph->totals().loss, whole->totals().loss, 1e-6 * whole->totals().loss);
    }
  }
}

TEST(StepPartsTest, GradientsAreHandedOverLayerByLayerFromTheLast) {
  const auto graph = smoke_graph(4, true);
  std::vector<std::pair<float*, std::size_t>> pieces;
  std::vector<bool> frozen(graph->network().layers.size());
  for (const auto& layer : graph->network().layers) frozen[static_cast<std::size_t>(layer->slot())] = layer->name() == "conv3";
  BackwardOptions options;
  options.frozen = frozen;
  options.on_gradients = [&](float* values, std::size_t count) { pieces.emplace_back(values, count); };
  run_step(*graph, 4, options);
  const std::vector<std::string> order = {"fc6", "fc5", "fc4", "conv2", "conv1"};
  ASSERT_EQ(pieces.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const Parameter& parameter : graph->parameters()) {
      const auto* begin = parameter.diff.data<float>();
      const bool inside = begin >= pieces[i].first && begin + parameter.diff.count() <= pieces[i].first + pieces[i].second;
      EXPECT_EQ(inside, parameter.spec.name.starts_with(order[i] + ".")) << parameter.spec.name;
    }
  }
  EXPECT_EQ(pieces[1].first + pieces[1].second, pieces[0].first);
}

TEST(StepPartsTest, AGraphMadeForWholeStepsRefusesParts) {
  const auto graph = smoke_graph(4, false);
  expect_error(ExitCode::internal, {"sums no parts", "one of several"}, [&] { run_step(*graph, 4); });
}

}  // namespace
}  // namespace alexnet
