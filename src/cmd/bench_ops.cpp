#include "cmd/bench_ops.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "alexnet/core/error.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "cmd/bench.hpp"

namespace alexnet {
namespace {

constexpr double kRotatedBytes = 256 << 20;  // larger than the caches of CPUs and GPUs
constexpr std::size_t kLeastRounds = 5;
constexpr double kLeastSeconds = 0.2;

double bytes_of(const Shape& shape) { return static_cast<double>(shape.count()) * sizeof(float); }

// The tensors of one set; they live as long as it does.
class Tensors {
 public:
  explicit Tensors(Backend& backend) : backend_(backend) {}

  // f32 in [-0.5, 0.5), or bytes that are all 0.
  Tensor random(const Shape& shape) {
    const Tensor tensor = zeros(shape, DType::f32);
    std::minstd_rand random(1);
    std::uniform_real_distribution<float> distribution(-0.5F, 0.5F);
    constexpr std::size_t kPeriod = 65521;
    std::vector<float> values(static_cast<std::size_t>(shape.count()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i < kPeriod ? distribution(random) : values[i - kPeriod];
    backend_.copy_to_device(tensor.raw(), values.data(), tensor.bytes());
    return tensor;
  }
  Tensor zeros(const Shape& shape, DType dtype) {
    return {block(static_cast<std::size_t>(shape.count()) * dtype_bytes(dtype)), shape, dtype};
  }
  template <class T>
  T* copy_of(const std::vector<T>& values) {
    std::byte* memory = block(values.size() * sizeof(T));
    backend_.copy_to_device(memory, values.data(), values.size() * sizeof(T));
    return reinterpret_cast<T*>(memory);
  }
  const StepParameters* step(std::int64_t batch_size) {
    StepParameters step;
    step.count_images(batch_size);
    step.dropout_rate.fill(0.5F);
    return copy_of(std::vector<StepParameters>{step});
  }
  void bind(Op& op) {
    std::byte* workspace = block(op.workspace_bytes());
    op.bind(workspace, block(op.scratch_bytes()));
  }

 private:
  std::byte* block(std::size_t bytes) {
    const Buffer& buffer = memory_.emplace_back(backend_.allocate(std::max<std::size_t>(bytes, 1), "a benchmark's tensors"));
    backend_.zero(buffer.data(), buffer.bytes());
    return buffer.data();
  }

  Backend& backend_;
  std::deque<Buffer> memory_;
};

// Makes the op and its tensors, and gives back a run of the pass.
using MakeRun = std::function<std::function<void()>(Tensors&)>;

class Bench {
 public:
  Bench(Backend& backend, std::int64_t batch_size, const std::string& only, const std::function<void(const OpTime&)>& report)
      : backend_(backend), batch_size_(batch_size), only_(only), report_(report) {}

  Backend& backend() const { return backend_; }
  std::int64_t N() const { return batch_size_; }
  int num_passes() const { return num_passes_; }

  void pass(const std::string& op, const std::string& shape, const char* name, Work work, const MakeRun& make_run) {
    if (!only_.empty() && only_ != op) return;
    const auto num_sets = static_cast<std::size_t>(std::clamp(1 + kRotatedBytes / work.bytes, 2.0, 16.0));
    std::deque<Tensors> sets;
    std::vector<std::function<void()>> runs;
    for (std::size_t i = 0; i < num_sets; ++i) runs.push_back(make_run(sets.emplace_back(backend_)));
    const auto timer = backend_.make_timer();
    const auto round_s = [&] {
      timer->start();
      for (const auto& run : runs) run();
      return timer->stop_s() / static_cast<double>(runs.size());
    };
    round_s();  // warms up
    std::vector<double> seconds;
    for (double total = 0; seconds.size() < kLeastRounds || total < kLeastSeconds; total += seconds.back()) seconds.push_back(round_s());
    ++num_passes_;
    report_({op, shape, name, median(seconds), *std::ranges::min_element(seconds), static_cast<int>(seconds.size()), work});
  }

 private:
  Backend& backend_;
  std::int64_t batch_size_;
  int num_passes_ = 0;
  const std::string& only_;
  const std::function<void(const OpTime&)>& report_;
};

// Convolutions and fully connected layers.
template <class OpType>
void bench_weighted(Bench& bench, const std::string& op_name, const std::string& name, double macs,
                    const std::function<std::shared_ptr<OpType>(const OpUse&)>& make_for, const Shape& src, const Shape& weights,
                    const Shape& dst) {
  const Work work{2 * macs * static_cast<double>(bench.N()), bytes_of(src) + bytes_of(weights) + bytes_of(dst)};
  OpUse use;
  const auto make = [&] {  // all sets are computed in the same way
    auto op = make_for(use);
    use.algorithms = op->algorithms();
    return op;
  };
  bench.pass(op_name, name, "forward", work, [&](Tensors& t) -> std::function<void()> {
    const auto op = make();
    t.bind(*op);
    return
        [=, x = t.random(src), w = t.random(weights), b = t.random({dst.extents().back()}), y = t.random(dst)] { op->forward(x, w, b, y); };
  });
  if (name != "conv1") {  // no gradient goes to the picture
    bench.pass(op_name, name, "backward_data", work, [&](Tensors& t) -> std::function<void()> {
      const auto op = make();
      t.bind(*op);
      return [=, dy = t.random(dst), w = t.random(weights), dx = t.random(src)] { op->backward_data(dy, w, dx); };
    });
  }
  bench.pass(op_name, name, "backward_weights", work, [&](Tensors& t) -> std::function<void()> {
    const auto op = make();
    t.bind(*op);
    return [=, x = t.random(src), dy = t.random(dst), dw = t.random(weights), db = t.random({dst.extents().back()})] {
      op->backward_weights(x, dy, dw, db);
    };
  });
}

void bench_convolutions(Bench& bench) {
  for (const auto& [name, s] : reference::alexnet_conv2d_shapes(bench.N())) {
    bench_weighted<Conv2d>(bench, "conv2d", name, static_cast<double>(s.macs_per_image()),
                           [&](const OpUse& use) { return bench.backend().make_conv2d(s, Epilogue::relu, use); }, {s.N, s.IH, s.IW, s.IC},
                           {s.OC, s.KH, s.KW, s.IC / s.groups}, {s.N, s.OH, s.OW, s.OC});
  }
  for (const auto& [name, s] : reference::alexnet_fully_connected_shapes(bench.N())) {
    bench_weighted<FullyConnected>(
        bench, "fully_connected", name, static_cast<double>(s.num_weights()),
        [&](const OpUse&) { return bench.backend().make_fully_connected(s, name == "fc8" ? Epilogue::none : Epilogue::relu); },
        {s.N, s.IH, s.IW, s.IC}, {s.OC, s.IH, s.IW, s.IC}, {s.N, 1, 1, s.OC});
  }
}

void bench_norms(Bench& bench) {
  for (const auto& [name, extent] : {std::pair{"lrn1", Extent3{55, 55, 96}}, {"lrn2", Extent3{27, 27, 256}}}) {
    const Shape shape{bench.N(), extent.H, extent.W, extent.C};
    const auto make = [&, extent = extent, name = name](Tensors& t) {
      std::shared_ptr<Lrn> op = bench.backend().make_lrn(LrnShape::infer(name, bench.N(), extent, 2, 5, 2, 1e-4F, 0.75F));
      t.bind(*op);
      return op;
    };
    bench.pass("lrn", name, "forward", {0, 2 * bytes_of(shape)}, [&](Tensors& t) -> std::function<void()> {
      return [op = make(t), x = t.random(shape), y = t.random(shape)] { op->forward(x, y); };
    });
    bench.pass("lrn", name, "backward_data", {0, 3 * bytes_of(shape)}, [&](Tensors& t) -> std::function<void()> {
      return [op = make(t), x = t.random(shape), dy = t.random(shape), dx = t.random(shape)] { op->backward_data(x, dy, dx); };
    });
  }
}

void bench_pools(Bench& bench) {
  for (const auto& [name, extent] :
       {std::pair{"pool1", Extent3{55, 55, 96}}, {"pool2", Extent3{27, 27, 256}}, {"pool5", Extent3{13, 13, 256}}}) {
    const PoolShape s = PoolShape::infer(name, bench.N(), extent, 3, 2, {});
    const Shape src{s.N, s.IH, s.IW, s.C}, dst{s.N, s.OH, s.OW, s.C};
    const auto make = [&](Tensors& t) {
      std::shared_ptr<MaxPool> op = bench.backend().make_max_pool(s);
      t.bind(*op);
      return op;
    };
    const Work work{0, bytes_of(src) + 1.25 * bytes_of(dst)};  // and a byte for each winner
    bench.pass("max_pool", name, "forward", work, [&](Tensors& t) -> std::function<void()> {
      return [op = make(t), x = t.random(src), y = t.random(dst)] { op->forward(x, y); };
    });
    bench.pass("max_pool", name, "backward_data", work, [&](Tensors& t) -> std::function<void()> {
      const auto op = make(t);
      op->forward(t.random(src), t.random(dst));
      return [op, dy = t.random(dst), dx = t.random(src)] { op->backward_data(dy, dx); };
    });
  }
}

// Pointwise, and what stands at the ends of a step.
void bench_others(Bench& bench) {
  const std::int64_t N = bench.N();
  const Shape act1{N, 55, 55, 96}, fc6{N, 4096}, logits{N, 1000};
  const auto bound = [](Tensors& t, auto made) {
    const auto op = std::shared_ptr(std::move(made));
    t.bind(*op);
    return op;
  };
  const auto make_relu = [&](Tensors& t) { return bound(t, bench.backend().make_activation({ActivationKind::relu}, act1)); };
  bench.pass("activation", "relu of conv1", "backward_data", {0, 3 * bytes_of(act1)}, [&](Tensors& t) -> std::function<void()> {
    return [op = make_relu(t), y = t.random(act1), dy = t.random(act1)] { op->backward_data(y, dy, dy); };
  });
  const auto make_dropout = [&](Tensors& t) { return bound(t, bench.backend().make_dropout({N, 4096, 0, DropoutScale::test})); };
  bench.pass("dropout", "drop6", "forward", {0, 2 * bytes_of(fc6)}, [&](Tensors& t) -> std::function<void()> {
    return [op = make_dropout(t), step = t.step(N), x = t.random(fc6)] { op->forward_train(step, x, x); };
  });
  const auto make_loss = [&](Tensors& t) { return bound(t, bench.backend().make_softmax_cross_entropy(N, 1000)); };
  bench.pass("softmax_cross_entropy", "loss", "forward", {0, 2 * bytes_of(logits)}, [&](Tensors& t) -> std::function<void()> {
    return [op = make_loss(t), step = t.step(N), x = t.random(logits), y = t.random(logits), labels = t.zeros({N}, DType::i32),
            totals = t.copy_of(std::vector<LossTotals>(1))] { op->forward(step, x, labels, y, totals); };
  });
  bench.pass("softmax_cross_entropy", "loss", "backward_data", {0, 2 * bytes_of(logits)}, [&](Tensors& t) -> std::function<void()> {
    return [op = make_loss(t), step = t.step(N), y = t.random(logits), dx = t.random(logits), labels = t.zeros({N}, DType::i32)] {
      op->backward_data(step, y, labels, dx);
    };
  });
  bench.pass("top_k", "5 of 1000", "forward", {0, bytes_of(logits)}, [&](Tensors& t) -> std::function<void()> {
    return [op = bound(t, bench.backend().make_top_k(N, 1000, 5)), x = t.random(logits), top = t.random({N, 5}),
            indices = t.zeros({N, 5}, DType::i32)] { op->forward(x, indices, top); };
  });
  const Shape weights{4096, 9216};
  bench.pass("sgd", "weights of fc6", "update", {0, 5 * bytes_of(weights)}, [&](Tensors& t) -> std::function<void()> {
    return [op = bound(t, bench.backend().make_sgd({weights.count(), 0, false, 0.9F, 5e-4F})), step = t.step(N), g = t.random(weights),
            v = t.random(weights), w = t.random(weights)] { op->update(step, g, v, w); };
  });
  const InputShape s = InputShape::infer(N, 256, 256, 224, 1);
  const Shape pixels{N, 256, 256, 3}, mean{256, 256, 3}, dst{N, 224, 224, 3};
  const Work work{0, static_cast<double>(dst.count()) * (1 + sizeof(float))};
  bench.pass("input", "224 of 256", "forward", work, [&](Tensors& t) -> std::function<void()> {
    return [op = bound(t, bench.backend().make_input(s)), x = t.zeros(pixels, DType::u8), m = t.random(mean), y = t.random(dst),
            transforms = t.copy_of(std::vector<SampleTransform>(static_cast<std::size_t>(N)))] { op->forward(x, transforms, m, y); };
  });
}

}  // namespace

void bench_ops(Backend& backend, std::int64_t batch_size, const std::string& only, const std::function<void(const OpTime&)>& report) {
  Bench bench(backend, batch_size, only, report);
  bench_convolutions(bench);
  bench_norms(bench);
  bench_pools(bench);
  bench_others(bench);
  if (bench.num_passes() == 0) {
    fail(ExitCode::command_line,
         "--op {}: unknown; one of conv2d, fully_connected, lrn, max_pool, activation, dropout, softmax_cross_entropy, top_k, sgd, input",
         only);
  }
}

}  // namespace alexnet
