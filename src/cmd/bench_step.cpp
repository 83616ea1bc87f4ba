#include "cmd/bench_step.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include "alexnet/data/loader.hpp"

namespace alexnet {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The shortest of a few runs of f, in seconds.
template <class F>
double shortest(Backend& backend, F&& f) {
  const auto timer = backend.make_timer();
  double best = 0;
  for (int i = 0; i < 6; ++i) {
    timer->start();
    f();
    const double seconds = timer->stop_s();
    if (i == 1 || (i > 1 && seconds < best)) best = seconds;  // the first one warms up
  }
  return best;
}

struct TensorForm {
  Shape shape;
  DType type = DType::f32;
};

// Tensors one behind the other in one allocation, filled with random numbers in [-0.5, 0.5) of f32. Read as bf16, each is two numbers, one
// of them arbitrary: the time does not depend on it.
std::vector<Tensor> random_tensors(Backend& backend, Buffer& memory, const std::vector<TensorForm>& forms) {
  std::size_t bytes = 0;
  for (const auto& [shape, type] : forms) bytes += aligned_bytes(static_cast<std::size_t>(shape.count()) * dtype_bytes(type));
  memory = backend.allocate(bytes, "the measurement of the machine's speed");
  std::vector<float> values(bytes / sizeof(float));
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> distribution(-0.5F, 0.5F);
  constexpr std::size_t kPeriod = 65521;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i < kPeriod ? distribution(random) : values[i - kPeriod];
  backend.copy_to_device(memory.data(), values.data(), bytes);
  std::vector<Tensor> tensors;
  std::byte* at = memory.data();
  for (const auto& [shape, type] : forms) {
    tensors.emplace_back(at, shape, type);
    at += aligned_bytes(tensors.back().bytes());
  }
  return tensors;
}

constexpr double kBytesPerWeightUpdate = 20;  // reads weight, velocity and gradient, writes weight and velocity

}  // namespace

MachineSpeed measure_machine_speed(Backend& backend, DType type) {
  MachineSpeed speed;
  Buffer memory;
  // src, weights, bias, dst
  const auto try_forward = [&](auto& op, const std::vector<TensorForm>& forms, double flop) {
    const auto t = random_tensors(backend, memory, forms);
    const Buffer scratch = backend.allocate(op->scratch_bytes(), "scratch");
    op->bind(nullptr, scratch.data());
    speed.flop_per_s = std::max(speed.flop_per_s, flop / shortest(backend, [&] { op->forward(t[0], t[1], t[2], t[3]); }));
  };
  constexpr std::int64_t kSide = 2048;
  auto square = FullyConnectedShape::infer("speed", kSide, {1, 1, kSide}, kSide, 1);
  square.src_type = square.dst_type = type;
  const auto product = backend.make_fully_connected(square, Epilogue::none);
  try_forward(product, {{{kSide, kSide}, type}, {{kSide, kSide}}, {{kSide}}, {{kSide, kSide}, type}}, 2.0 * kSide * kSide * kSide);
  // A convolution can beat the product: what it reads stays in the caches. (A window for which there is only direct arithmetic.)
  auto shape = Conv2dShape::infer("speed", 16, {16, 16, 512}, 512, 2, 1, {1, 1, 0, 0}, 1);
  shape.src_type = shape.dst_type = type;
  const auto convolution = backend.make_conv2d(shape, Epilogue::none);
  try_forward(convolution, {{{16, 16, 16, 512}, type}, {{512, 2, 2, 512}}, {{512}}, {{16, 16, 16, 512}, type}},
              2.0 * 16 * static_cast<double>(shape.macs_per_image()));

  constexpr std::int64_t kWeights = 24 << 20;  // 288 MiB in three tensors: more than most caches
  const auto t = random_tensors(backend, memory, {{{kWeights}}, {{kWeights}}, {{kWeights}}});
  const auto op = backend.make_sgd({kWeights, 0, false, 0.9F, 0.0005F});
  const Buffer step = backend.allocate(sizeof(StepParameters), "step parameters");
  const StepParameters zero;
  backend.copy_to_device(step.data(), &zero, sizeof zero);
  const auto* on_device = reinterpret_cast<const StepParameters*>(step.data());
  speed.bytes_per_s = kBytesPerWeightUpdate * kWeights / shortest(backend, [&] { op->update(on_device, t[0], t[1], t[2]); });
  return speed;
}

double Work::floor_s(const MachineSpeed& speed) const { return std::max(flop / speed.flop_per_s, bytes / speed.bytes_per_s); }

Work layer_work(const Layer& layer, Pass pass, std::int64_t batch_size, bool needs_diff_src, DType type) {
  const auto N = static_cast<double>(batch_size);
  const auto bytes_of = [&](const Extent3& e) { return N * static_cast<double>(e.H * e.W * e.C) * static_cast<double>(dtype_bytes(type)); };
  const double src = bytes_of(layer.src()), dst = bytes_of(layer.dst()), flop = 2 * N * static_cast<double>(layer.macs());
  double parameters = 0;
  for (const ParameterSpec& spec : layer.parameters()) parameters += static_cast<double>(spec.shape.count()) * sizeof(float);
  if (pass == Pass::update) return {0, parameters / sizeof(float) * kBytesPerWeightUpdate};
  if (pass == Pass::forward) return {flop, src + dst + parameters};
  Work work{flop, dst + 2 * parameters};  // reads diff_dst and weights, writes their gradient
  if (layer.backward_uses_src()) work.bytes += src;
  if (layer.backward_uses_dst()) work.bytes += dst;
  if (needs_diff_src) work.bytes += src;
  if (needs_diff_src) work.flop += flop;
  return work;
}

namespace {

struct RandomBatch {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
};

std::vector<RandomBatch> random_batches(std::size_t count, std::int64_t batch_size, std::int64_t picture_size, std::int64_t num_classes) {
  std::minstd_rand random(1);
  std::uniform_int_distribution<int> grey_level(0, 255);
  std::uniform_int_distribution<std::int32_t> label_of(0, static_cast<std::int32_t>(num_classes) - 1);
  std::vector<RandomBatch> batches(count);
  for (RandomBatch& batch : batches) {
    batch.pixels.resize(static_cast<std::size_t>(batch_size * picture_size * picture_size * 3));
    batch.labels.resize(static_cast<std::size_t>(batch_size));
    for (std::uint8_t& pixel : batch.pixels) pixel = static_cast<std::uint8_t>(grey_level(random));
    for (std::int32_t& label : batch.labels) label = label_of(random);
  }
  return batches;
}

// Collects how long each layer's passes take, step by step.
class PassClock {
 public:
  Graph::PassObserver observer() {
    return [this](const std::string& layer, Pass pass) {
      const auto now = Clock::now();
      const auto [entry, is_new] = index_.try_emplace({layer, pass}, times_.size());
      if (is_new) times_.push_back({layer, pass, {}});
      if (in_this_step_.size() < times_.size()) in_this_step_.resize(times_.size());
      in_this_step_[entry->second] += std::chrono::duration<double>(now - last_).count();
      last_ = now;
    };
  }
  void begin_step() {
    in_this_step_.assign(times_.size(), 0);
    last_ = Clock::now();
  }
  void end_step() {
    for (std::size_t i = 0; i < times_.size(); ++i) times_[i].seconds.push_back(in_this_step_[i]);
  }
  std::vector<LayerTime> take() { return std::move(times_); }

 private:
  std::map<std::pair<std::string, Pass>, std::size_t> index_;
  std::vector<LayerTime> times_;
  std::vector<double> in_this_step_;
  Clock::time_point last_;
};

}  // namespace

StepTimes time_steps(Graph& graph, Backend& backend, const StepParameters& step, std::int64_t picture_size, const StepBench& bench) {
  const Network& network = graph.network();
  const std::int64_t N = graph.batch_size();
  const auto batches = random_batches(3, N, picture_size, network.num_classes);
  const std::vector<SampleTransform> centre(static_cast<std::size_t>(N),
                                            evaluation_view(0, 1, picture_size, picture_size, network.input.H));
  StepTimes times;
  PassClock clock;
  // The layers are timed in further steps: with the device waited for after each pass, a step would be slower.
  const int first_observed = bench.warmup_steps + bench.steps, num_observed = std::min(bench.steps, 5);
  for (int i = 0; i < first_observed + num_observed; ++i) {
    const RandomBatch& batch = batches[static_cast<std::size_t>(i) % batches.size()];
    if (i == first_observed) graph.set_pass_observer(clock.observer());
    graph.reset_totals();
    const auto begin = Clock::now();
    clock.begin_step();
    graph.set_images(batch.pixels, batch.labels, centre);
    StepParameters parameters = step;
    parameters.first_sample = static_cast<std::uint64_t>(i * N);
    parameters.count_images(N);
    graph.set_step(parameters);
    graph.forward(bench.train);
    if (bench.train) {
      graph.backward();
      graph.update();
    }
    backend.synchronize();
    clock.end_step();
    if (i >= bench.warmup_steps && i < first_observed) times.step_s.push_back(seconds_since(begin));
  }
  graph.set_pass_observer(nullptr);
  times.loss = graph.totals().loss / static_cast<double>(N);
  times.layers = clock.take();
  return times;
}

}  // namespace alexnet
