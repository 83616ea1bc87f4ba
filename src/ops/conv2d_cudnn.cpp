// 2-D convolution by cuDNN: for each pass a plan, chosen when the op is made. Bias and ReLU are part of forward's plan where an engine can
// do them, else a kernel of ours goes over dst; the bias gradient is our own kernel too.
#include "ops/conv2d_cudnn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "kernels/bias_epilogue.hpp"
#include "kernels/bias_gradient.hpp"
#include "ops/ops_cuda.hpp"
#include "ops/plan_cudnn.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kMostPlans = 6;  // of a graph, that are built and timed
constexpr int kTimedRuns = 5;

std::int64_t pixels(const Conv2dShape& s) { return s.N * s.OH * s.OW; }

std::string describe(const Conv2dShape& s, const char* pass) {
  return fmt::format("conv2d {} of ({}, {}, {}, {}) by {}x{}, stride {}, pad {} {} {} {} to {} channels in groups of {}", pass, s.N, s.IH,
                     s.IW, s.IC, s.KH, s.KW, s.SH, s.pad.top, s.pad.left, s.pad.bottom, s.pad.right, s.OC, s.OC / s.groups);
}

// A way to compute a pass.
struct Way {
  std::string algorithm;  // "9.19.0 fused eng34_k2=5"
  PlanCudnn plan;
  bool adds_bias;  // and applies the ReLU, if there is one
};

// Memory of a pass's sizes, for a measurement.
class Trial {
 public:
  Trial(const Conv2dShape& s, Backend& backend, std::size_t scratch_bytes) : backend_(backend), timer_(backend.make_timer()) {
    const auto floats = [&](std::int64_t count) { return allocate(static_cast<std::size_t>(count) * sizeof(float)); };
    tensors = {floats(s.N * s.IH * s.IW * s.IC), floats(s.num_weights()), floats(s.OC), floats(pixels(s) * s.OC)};
    scratch = allocate(scratch_bytes);
  }
  double shortest_s(const std::function<void()>& run) {
    run();  // warms up
    double shortest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTimedRuns; ++i) {
      timer_->start();
      run();
      shortest = std::min(shortest, timer_->stop_s());
    }
    return shortest;
  }

  TensorsCudnn tensors;
  std::byte* scratch = nullptr;

 private:
  std::byte* allocate(std::size_t bytes) {
    const Buffer& buffer = memory_.emplace_back(backend_.allocate(bytes, "a measurement of convolution algorithms"));
    if (bytes > 0) backend_.zero(buffer.data(), bytes);
    return buffer.data();
  }

  Backend& backend_;
  std::unique_ptr<Timer> timer_;
  std::vector<Buffer> memory_;
};

class Conv2dCudnn final : public Conv2d {
 public:
  Conv2dCudnn(const Conv2dShape& shape, Epilogue epilogue, const OpUse& use, const ContextCudnn& context)
      : shape_(shape), relu_(epilogue == Epilogue::relu), cudnn_(context.cudnn), stream_(context.stream) {
    const PassCudnn fused = relu_ ? PassCudnn::forward_bias_relu : PassCudnn::forward_bias;
    forward_ = choose("forward", {fused, PassCudnn::forward}, use, context);
    if (use.backward_data) backward_data_ = choose("backward_data", {PassCudnn::backward_data}, use, context);
    if (use.backward_weights) backward_weights_ = choose("backward_weights", {PassCudnn::backward_weights}, use, context);
    if (!forward_ || (use.backward_data && !backward_data_) || (use.backward_weights && !backward_weights_))
      own_ = make_conv2d_cuda(shape, epilogue, stream_);
    scratch_bytes_ = use.backward_weights ? bias_gradient_scratch_bytes(pixels(shape_), shape_.OC) : 0;
    if (own_) scratch_bytes_ = std::max(scratch_bytes_, own_->scratch_bytes());
    for (const auto* way : {&forward_, &backward_data_, &backward_weights_}) {
      if (*way) scratch_bytes_ = std::max(scratch_bytes_, (*way)->plan.scratch_bytes());
    }
  }

  std::size_t scratch_bytes() const override { return scratch_bytes_; }
  Algorithms algorithms() const override {
    Algorithms result;
    if (forward_) result["forward"] = forward_->algorithm;
    if (backward_data_) result["backward_data"] = backward_data_->algorithm;
    if (backward_weights_) result["backward_weights"] = backward_weights_->algorithm;
    return result;
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    if (!forward_) return own().forward(src, weights, bias, dst);
    run_forward(*forward_, {src.raw(), weights.raw(), bias.raw(), dst.raw()}, scratch_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    if (!backward_data_) return own().backward_data(diff_dst, weights, diff_src);
    backward_data_->plan.run({diff_src.raw(), weights.raw(), nullptr, diff_dst.raw()}, scratch_);
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    if (!backward_weights_) return own().backward_weights(src, diff_dst, diff_weights, diff_bias);
    backward_weights_->plan.run({src.raw(), diff_weights.raw(), nullptr, diff_dst.raw()}, scratch_);
    bias_gradient(pixels(shape_), shape_.OC, diff_dst.data<float>(), diff_bias.data<float>(), reinterpret_cast<float*>(scratch_), stream_);
  }

 private:
  Conv2d& own() {
    if (!own_) fail(ExitCode::internal, "conv2d: a pass that was said not to be called");
    own_->bind(workspace_, scratch_);
    return *own_;
  }

  void run_forward(const Way& way, TensorsCudnn tensors, std::byte* scratch) const {
    void* bias = way.adds_bias ? tensors.bias : std::exchange(tensors.bias, nullptr);
    way.plan.run(tensors, scratch);
    if (!way.adds_bias)
      bias_epilogue(pixels(shape_), shape_.OC, relu_, static_cast<const float*>(bias), static_cast<float*>(tensors.dst), stream_);
  }

  // The way that is to be taken again, else the best one of the graphs that compute the pass; none: cuDNN has no engine for it.
  std::optional<Way> choose(const char* pass, std::initializer_list<PassCudnn> graphs, const OpUse& use, const ContextCudnn& context) {
    struct Graph {
      PlansCudnn plans;
      bool adds_bias;
      std::string prefix;  // of its ways' names
    };
    std::vector<Graph> computing;
    for (const PassCudnn graph : graphs) {
      const bool adds_bias = graph == PassCudnn::forward_bias || graph == PassCudnn::forward_bias_relu;
      computing.push_back({PlansCudnn(cudnn_, shape_, graph), adds_bias, cudnn_->version() + (adds_bias ? " fused " : " ")});
    }
    const auto wanted = use.algorithms.find(pass);
    if (wanted != use.algorithms.end()) {
      for (Graph& graph : computing) {
        if (!wanted->second.starts_with(graph.prefix)) continue;
        if (auto plan = graph.plans.find(wanted->second.substr(graph.prefix.size())))
          return Way{wanted->second, std::move(*plan), graph.adds_bias};
      }
    }
    std::vector<Way> ways;
    std::string refusal = "no engine computes in true f32";
    for (Graph& graph : computing) {
      for (PlanCudnn& plan : graph.plans.best(kMostPlans)) {
        std::string algorithm = graph.prefix + plan.algorithm();
        ways.push_back({std::move(algorithm), std::move(plan), graph.adds_bias});
      }
      if (!graph.plans.refusal().empty()) refusal = graph.plans.refusal();
    }
    std::optional<Way> best = fastest(std::move(ways), pass, context, refusal);
    if (wanted != use.algorithms.end())
      log::warning("{}: the checkpoint's algorithm '{}' is not to be had on {}: the run goes on with other bits", describe(shape_, pass),
                   wanted->second, context.backend.description());
    if (!best) log::warning("{}: cuDNN cannot do it, our own kernel does: {}", describe(shape_, pass), refusal);
    return best;
  }

  std::optional<Way> fastest(std::vector<Way> ways, const char* pass, const ContextCudnn& context, std::string& refusal) const {
    if (ways.empty()) return std::nullopt;
    if (!context.times_algorithms || ways.size() == 1) return std::move(ways.front());
    const auto needs_more = [](const Way& a, const Way& b) { return a.plan.scratch_bytes() < b.plan.scratch_bytes(); };
    Trial trial(shape_, context.backend, std::ranges::max_element(ways, needs_more)->plan.scratch_bytes());
    Way* best = nullptr;
    double best_s = std::numeric_limits<double>::infinity();
    for (Way& way : ways) {
      try {
        const double seconds = trial.shortest_s([&] { run_once(way, pass, trial); });
        log::debug("{}: {} takes {:.3f} ms", describe(shape_, pass), way.algorithm, 1e3 * seconds);
        if (seconds < best_s) {
          best = &way;
          best_s = seconds;
        }
      } catch (const Error& error) {
        refusal = error.what();
      }
    }
    if (best == nullptr) return std::nullopt;
    return std::move(*best);
  }

  void run_once(const Way& way, std::string_view pass, const Trial& trial) const {
    if (pass == "forward") return run_forward(way, trial.tensors, trial.scratch);
    way.plan.run({trial.tensors.src, trial.tensors.weights, nullptr, trial.tensors.dst}, trial.scratch);
  }

  Conv2dShape shape_;
  bool relu_;
  std::shared_ptr<const Cudnn> cudnn_;
  CudaStream stream_;
  std::optional<Way> forward_, backward_data_, backward_weights_;
  std::unique_ptr<Conv2d> own_;
  std::size_t scratch_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Conv2d> make_conv2d_cudnn(const Conv2dShape& shape, Epilogue epilogue, const OpUse& use, const ContextCudnn& context) {
  return std::make_unique<Conv2dCudnn>(shape, epilogue, use, context);
}

}  // namespace alexnet
