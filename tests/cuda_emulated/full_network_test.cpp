// One training step of the full network at its real extents, batch 1, through the cuda backend under the execution model, beside onednn.
// Half a minute of processor time and 10 GB: the model remembers every word of memory.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

#include "alexnet/core/rng.hpp"
#include "alexnet/model/graph.hpp"
#include "emulator/emulator.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {
namespace {

double available_gb() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == "MemAvailable:" && file >> kib) return kib * 1024 / 1e9;
  }
  return 0;
}

struct Step {
  explicit Step(const std::shared_ptr<Backend>& backend) {
    const Config config = load_config(ALEXNET_SOURCE_DIR "/configs/alexnet.yaml", {});
    GraphOptions options;
    options.batch_size = 1;
    options.image_height = options.image_width = 256;
    options.input_scale = static_cast<float>(config.data.scale);
    options.optimizer = config.optimizer;
    graph = std::make_unique<Graph>(make_network(config.model, 224, 1000), backend, options);
    graph->initialize(1);
    float grey[] = {120, 120, 120};
    graph->set_mean(Tensor(grey, {1, 1, 3}, DType::f32));
    std::vector<std::uint8_t> pixels(256 * 256 * 3);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(random_block(1, RandomStream::drawn_picture, i)[0]);
    StepParameters step;
    step.seed = 1;
    step.count_images(1);
    step.weights_learning_rate.fill(0.01F);
    step.bias_learning_rate.fill(0.02F);
    for (std::size_t l = 0; l < graph->network().layers.size(); ++l) {
      if (graph->network().layers[l]->config().type == "dropout") step.dropout_rate[l] = 0.5F;
    }
    graph->set_images(pixels, std::vector<std::int32_t>{7}, std::vector<SampleTransform>{{17, 5, 1, {1, 2, 3}}});
    graph->set_step(step);
    graph->forward(true);
    graph->backward();
    graph->update();
  }
  std::unique_ptr<Graph> graph;
};

TEST(CudaFullNetwork, TrainsAsOnednnDoes) {
  if (available_gb() < 12) GTEST_SKIP() << "needs 12 GB of free memory, there are " << available_gb();
  emulator::device_state().memory_bytes = std::size_t{1000} << 20;
  const Step on_cpu(make_backend("onednn", {1})), on_gpu(make_backend_cuda({}));
  EXPECT_NEAR(on_gpu.graph->totals().loss, on_cpu.graph->totals().loss, 1e-6 * on_cpu.graph->totals().loss);
  for (std::size_t i = 0; i < on_cpu.graph->parameters().size(); ++i) {
    const Parameter &a = on_cpu.graph->parameters()[i], &b = on_gpu.graph->parameters()[i];
    for (const auto& [name, expected, actual] : {std::tuple{"gradient", on_cpu.graph->read(a.diff), on_gpu.graph->read(b.diff)},
                                                 {"value", on_cpu.graph->read(a.value), on_gpu.graph->read(b.value)}}) {
      double difference = 0, norm = 0;
      for (std::size_t k = 0; k < expected.size(); ++k) {
        difference += std::pow(static_cast<double>(expected[k]) - static_cast<double>(actual[k]), 2);
        norm += std::pow(static_cast<double>(expected[k]), 2);
      }
      EXPECT_LE(std::sqrt(difference), 1e-5 * std::sqrt(norm)) << a.spec.name << " " << name;
      std::printf("%-12s %-9s %.1e of the norm\n", a.spec.name.c_str(), name, std::sqrt(difference / norm));
    }
  }
}

}  // namespace
}  // namespace alexnet
