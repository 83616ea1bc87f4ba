// dump_steps CONFIG OUT PICTURES [key=value...]: runs a config's network over the PICTURES-th set of made pictures and writes what
// PyTorch must agree with.
//
// OUT/config.yaml, OUT/initial.safetensors (a checkpoint), OUT/steps.safetensors: images (N,3,H,W) after preprocessing, labels, logits and
// loss of step 1, gradient.<parameter> of step 1, and <parameter> after kSteps steps of SGD; learning rates in learning_rate.<parameter>.
#include <cmath>
#include <cstdio>
#include <deque>
#include <filesystem>

#include "alexnet/core/error.hpp"
#include "alexnet/core/rng.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/safetensors.hpp"
#include "alexnet/train/evaluator.hpp"
#include "train/weight_order.hpp"

namespace alexnet {
namespace {

constexpr int kSteps = 5;

class Dump {
 public:
  void add(const std::string& name, const Shape& shape, std::vector<float> values) {
    storage_.push_back(std::move(values));
    entries_.push_back({name, Tensor(storage_.back().data(), shape, DType::f32)});
  }
  void write(const std::string& path) { write_safetensors(path, entries_, {}); }

 private:
  std::deque<std::vector<float>> storage_;
  std::vector<SafetensorsEntry> entries_;
};

// Smooth pictures with some noise: pixels of real pictures are not independent.
std::vector<std::uint8_t> make_pixels(std::uint64_t set, std::int64_t N, std::int64_t size) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t n = 0; n < N; ++n) {
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x) {
        const RandomBlock r = random_block(set, RandomStream::drawn_picture, static_cast<std::uint64_t>((n * size + y) * size + x));
        for (std::int64_t c = 0; c < 3; ++c) {
          const double wave = 127 + 80 * std::sin(0.05 * static_cast<double>((n + 1) * x + (c + 2) * y));
          pixels.push_back(static_cast<std::uint8_t>(wave + r[static_cast<std::size_t>(c)] % 40));
        }
      }
    }
  }
  return pixels;
}

void run(const std::string& config_path, const std::string& out, std::uint64_t picture_set, const std::vector<std::string>& sets) {
  const Config config = load_config(config_path, sets);
  const std::int64_t N = config.train.batch_size, size = config.data.crop;
  const std::int64_t num_classes = config.model.num_classes.value_or(10);
  GraphOptions options;
  options.batch_size = N;
  options.image_height = options.image_width = size;
  options.input_scale = static_cast<float>(config.data.scale);
  options.optimizer = config.optimizer;
  Graph graph(make_network(config.model, size, num_classes), make_backend("onednn", {0}), options);
  graph.initialize(config.seed);
  DatasetStatistics statistics;
  statistics.height = statistics.width = size;
  statistics.mean_image.assign(static_cast<std::size_t>(size * size * 3), 120.0F);
  graph.set_mean(make_mean(config.data, statistics).tensor());

  const std::vector<std::uint8_t> pixels = make_pixels(picture_set, N, size);
  std::vector<std::int32_t> labels;
  std::vector<float> float_labels, images(pixels.size());
  for (std::int64_t n = 0; n < N; ++n) {
    labels.push_back(static_cast<std::int32_t>((n * 37 + 5) % num_classes));
    float_labels.push_back(static_cast<float>(labels.back()));
    for (std::int64_t i = 0; i < size * size; ++i) {
      for (std::int64_t c = 0; c < 3; ++c) {
        images[static_cast<std::size_t>((n * 3 + c) * size * size + i)] =
            (static_cast<float>(pixels[static_cast<std::size_t>((n * size * size + i) * 3 + c)]) - 120.0F) * options.input_scale;
      }
    }
  }
  const std::vector<SampleTransform> transforms(static_cast<std::size_t>(N));

  Dump dump;
  dump.add("images", {N, 3, size, size}, images);
  dump.add("labels", {N}, float_labels);
  Checkpoint checkpoint{config, {}, {}, statistics, size, "none"};
  for (std::int64_t c = 0; c < num_classes; ++c) checkpoint.classes.push_back({std::to_string(c), std::to_string(c)});
  std::filesystem::create_directories(out);
  save_checkpoint(out + "/initial.safetensors", graph, checkpoint);
  write_file_atomically(out + "/config.yaml", dump_config(config));

  StepParameters step = make_step_parameters(config, graph.network(), 0, config.schedule.learning_rate);
  step.count_images(N);
  graph.set_images(pixels, labels, transforms);
  for (int i = 0; i < kSteps; ++i) {
    graph.set_step(step);
    std::vector<float> logits;
    graph.reset_totals();
    graph.forward(true, [&](const std::string&, const Tensor& dst) { logits = graph.read(dst); });
    graph.backward();
    if (i == 0) {
      dump.add("logits", {N, num_classes}, logits);
      dump.add("loss", {1}, {static_cast<float>(graph.totals().loss / static_cast<double>(N))});
      for (const Parameter& p : graph.parameters()) {
        dump.add("gradient." + p.spec.name, p.spec.file_shape, to_file_order(p.spec.shape, graph.read(p.diff)));
        const auto slot = static_cast<std::size_t>(graph.network().layers[p.layer]->slot());
        const float rate = p.spec.is_bias ? step.bias_learning_rate[slot] : step.weights_learning_rate[slot];
        const auto decay = static_cast<float>(config.optimizer.weight_decay * p.spec.config.decay_mult);
        dump.add("learning_rate." + p.spec.name, {1}, {rate});
        dump.add("weight_decay." + p.spec.name, {1}, {decay});
      }
    }
    graph.update();
  }
  for (const Parameter& p : graph.parameters()) dump.add(p.spec.name, p.spec.file_shape, to_file_order(p.spec.shape, graph.read(p.value)));
  dump.write(out + "/steps.safetensors");
}

}  // namespace
}  // namespace alexnet

int main(int argc, char** argv) {
  try {
    if (argc < 4) alexnet::fail(alexnet::ExitCode::command_line, "dump_steps CONFIG OUT PICTURES [key=value...]");
    alexnet::run(argv[1], argv[2], std::stoull(argv[3]), std::vector<std::string>(argv + 4, argv + argc));
    return 0;
  } catch (const alexnet::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
