#include "alexnet/model/graph.hpp"

#include <algorithm>
#include <cmath>

#include "alexnet/core/error.hpp"
#include "model/graph_compiler.hpp"
#include "model/initial_values.hpp"

namespace alexnet {

struct Graph::Impl {
  Impl(Network n, std::shared_ptr<Backend> b, const GraphOptions& o) : network(std::move(n)), backend(std::move(b)), options(o) {}

  Network network;
  std::shared_ptr<Backend> backend;
  GraphOptions options;
  GraphPlan plan;
  std::vector<Node> nodes;
  BlockTable table;

  std::unique_ptr<Input> input;
  std::unique_ptr<SoftmaxCrossEntropy> loss;
  std::vector<std::unique_ptr<Sgd>> sgd;  // by parameter

  Buffer arena, parameter_memory, state_memory;
  std::vector<Parameter> parameters;
  std::vector<std::vector<Tensor>> values, diffs;  // by layer, for the passes
  Tensor pixels, labels, mean, network_input;
  SampleTransform* transforms = nullptr;  // these three in the backend's memory
  StepParameters* step = nullptr;
  LossTotals* totals = nullptr;
  PassObserver pass_observer;

  bool training() const { return options.mode == GraphMode::training; }
  void make_ops();
  void lay_out_parameters();
  void lay_out_state();
  std::vector<Op*> other_ops() const;
  void bind_ops();
  Tensor block_tensor(int block, const Extent3& extent) const;
  Tensor src(std::size_t i) const { return i == 0 ? network_input : dst(i - 1); }
  Tensor dst(std::size_t i) const { return block_tensor(table.nodes[i].dst, nodes[i].layer->dst()); }
  Tensor diff_dst(std::size_t i) const { return block_tensor(table.nodes[i].diff_dst, nodes[i].layer->dst()); }
  void done(const std::string& layer, Pass pass) const {
    if (!pass_observer) return;
    backend->synchronize();
    pass_observer(layer, pass);
  }
  // The last node's output; the loss leaves the probabilities in its place.
  Tensor logits() const { return dst(nodes.size() - 1).reshaped({options.batch_size, network.num_classes}); }
};

Tensor Graph::Impl::block_tensor(int block, const Extent3& extent) const {
  return {arena.data() + table.blocks[block].offset, Shape{options.batch_size, extent.H, extent.W, extent.C}, DType::f32};
}

void Graph::Impl::make_ops() {
  const auto& o = options;
  input = backend->make_input(InputShape::infer(o.batch_size, o.image_height, o.image_width, network.input.H, o.input_scale));
  for (const Node& node : nodes) node.layer->make_op(*backend, o.batch_size);
  loss = backend->make_softmax_cross_entropy(o.batch_size, network.num_classes);
}

// Values, then velocities, then gradients; and the op that updates each value.
void Graph::Impl::lay_out_parameters() {
  const auto bytes_of = [](const ParameterSpec& spec) {
    return aligned_bytes(static_cast<std::size_t>(spec.shape.count()) * sizeof(float));
  };
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    for (ParameterSpec& spec : network.layers[i]->parameters()) {
      bytes += bytes_of(spec);
      parameters.push_back({std::move(spec), i, {}, {}, {}});
    }
  }
  plan.parameter_bytes = bytes * (training() ? 3 : 1);
  parameter_memory = backend->allocate(plan.parameter_bytes, training() ? "weights, velocities and gradients" : "weights");
  values.resize(network.layers.size());
  diffs.resize(network.layers.size());
  std::size_t offset = 0;
  for (Parameter& parameter : parameters) {
    const auto view = [&](std::size_t part) {
      return Tensor(parameter_memory.data() + part * bytes + offset, parameter.spec.shape, DType::f32);
    };
    parameter.value = view(0);
    values[parameter.layer].push_back(parameter.value);
    if (training()) {
      parameter.velocity = view(1);
      parameter.diff = view(2);
      diffs[parameter.layer].push_back(parameter.diff);
      const ParameterConfig& config = parameter.spec.config;
      sgd.push_back(backend->make_sgd({parameter.spec.shape.count(), network.layers[parameter.layer]->slot(), parameter.spec.is_bias,
                                       static_cast<float>(options.optimizer.momentum),
                                       static_cast<float>(options.optimizer.weight_decay * config.decay_mult)}));
    }
    offset += bytes_of(parameter.spec);
  }
}

// What a step brings along: pictures, labels, transforms, mean, step parameters, totals.
void Graph::Impl::lay_out_state() {
  const std::int64_t N = options.batch_size, H = options.image_height, W = options.image_width;
  std::size_t bytes = 0;
  const auto reserve = [&](std::size_t size) {
    const std::size_t offset = bytes;
    bytes += aligned_bytes(size);
    return offset;
  };
  const std::size_t pixels_at = reserve(static_cast<std::size_t>(N * H * W * 3));
  const std::size_t labels_at = reserve(static_cast<std::size_t>(N) * sizeof(std::int32_t));
  const std::size_t mean_at = reserve(static_cast<std::size_t>(H * W * 3) * sizeof(float));
  const std::size_t transforms_at = reserve(static_cast<std::size_t>(N) * sizeof(SampleTransform));
  const std::size_t step_at = reserve(sizeof(StepParameters));
  const std::size_t totals_at = reserve(sizeof(LossTotals));
  state_memory = backend->allocate(bytes, "a batch of pictures");
  backend->zero(state_memory.data(), bytes);
  pixels = Tensor(state_memory.data() + pixels_at, {N, H, W, 3}, DType::u8);
  labels = Tensor(state_memory.data() + labels_at, {N}, DType::i32);
  mean = Tensor(state_memory.data() + mean_at, {1, 1, 3}, DType::f32);
  transforms = reinterpret_cast<SampleTransform*>(state_memory.data() + transforms_at);
  step = reinterpret_cast<StepParameters*>(state_memory.data() + step_at);
  totals = reinterpret_cast<LossTotals*>(state_memory.data() + totals_at);
}

// The ops that belong to no layer.
std::vector<Op*> Graph::Impl::other_ops() const {
  std::vector<Op*> ops = {input.get(), loss.get()};
  for (const auto& op : sgd) ops.push_back(op.get());
  return ops;
}

void Graph::Impl::bind_ops() {
  std::byte* scratch = table.scratch < 0 ? nullptr : arena.data() + table.blocks[table.scratch].offset;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::byte* workspace = table.nodes[i].workspace < 0 ? nullptr : arena.data() + table.blocks[table.nodes[i].workspace].offset;
    for (Op* op : nodes[i].layer->ops()) {
      op->bind(workspace, scratch);
      if (workspace != nullptr) workspace += aligned_bytes(op->workspace_bytes());
    }
  }
  for (Op* op : other_ops()) op->bind(nullptr, scratch);
}

Graph::Graph(Network network, std::shared_ptr<Backend> backend, const GraphOptions& options)
    : impl_(std::make_unique<Impl>(std::move(network), std::move(backend), options)) {
  Impl& g = *impl_;
  g.nodes = fuse_layers(g.network);
  mark_in_place(g.nodes);
  g.make_ops();
  g.lay_out_parameters();
  std::size_t scratch_bytes = 0;
  for (const Op* op : g.other_ops()) scratch_bytes = std::max(scratch_bytes, op->scratch_bytes());
  g.table = plan_blocks(g.nodes, g.network.input, options.batch_size, g.training(), scratch_bytes);
  g.arena = g.backend->allocate(g.table.arena_bytes, "activations");
  g.lay_out_state();
  g.bind_ops();
  reset_totals();
  g.network_input = g.block_tensor(g.table.input, g.network.input);
  for (const Node& node : g.nodes) g.plan.nodes.push_back(node.label());
  for (const MemoryBlock& block : g.table.blocks) {
    g.plan.blocks.push_back({block.name, block.offset, block.bytes, block.first, block.last});
    g.plan.unshared_bytes += block.bytes;
  }
  g.plan.activation_bytes = g.table.arena_bytes;
}

Graph::~Graph() = default;

const Network& Graph::network() const { return impl_->network; }
const GraphPlan& Graph::plan() const { return impl_->plan; }
std::vector<Parameter>& Graph::parameters() { return impl_->parameters; }
std::int64_t Graph::batch_size() const { return impl_->options.batch_size; }

void Graph::initialize(std::uint64_t seed) {
  for (Parameter& parameter : impl_->parameters) {
    write(parameter.value, draw_initial_values(parameter.spec, seed));
    if (!parameter.velocity.empty()) impl_->backend->zero(parameter.velocity.raw(), parameter.velocity.bytes());
  }
}

std::vector<float> Graph::read(const Tensor& tensor) const {
  std::vector<float> values(static_cast<std::size_t>(tensor.count()));
  impl_->backend->copy_to_host(values.data(), tensor.raw(), tensor.bytes());
  return values;
}

void Graph::write(const Tensor& tensor, std::span<const float> values) {
  if (values.size() * sizeof(float) != tensor.bytes())
    fail(ExitCode::internal, "{} values for a tensor {}", values.size(), tensor.shape().str());
  impl_->backend->copy_to_device(tensor.raw(), values.data(), tensor.bytes());
}

void Graph::set_mean(const Tensor& mean) {
  const Impl& g = *impl_;
  const Shape per_pixel{g.options.image_height, g.options.image_width, 3};
  if (!(mean.shape() == Shape{1, 1, 3}) && !(mean.shape() == per_pixel)) {
    fail(ExitCode::bad_data, "mean image: shape {} does not fit pictures of {}", mean.shape().str(), per_pixel.str());
  }
  impl_->mean = Tensor(g.mean.raw(), mean.shape(), DType::f32);
  g.backend->copy_to_device(g.mean.raw(), mean.raw(), mean.bytes());
}

void Graph::set_images(std::span<const std::uint8_t> pixels, std::span<const std::int32_t> labels,
                       std::span<const SampleTransform> transforms) {
  const Impl& g = *impl_;
  if (pixels.size() != g.pixels.bytes() || labels.size_bytes() != g.labels.bytes()) {
    fail(ExitCode::internal, "batch of {} bytes and {} labels for a graph of {}", pixels.size(), labels.size(), g.pixels.shape().str());
  }
  g.backend->copy_to_device(g.pixels.raw(), pixels.data(), pixels.size());
  g.backend->copy_to_device(g.labels.raw(), labels.data(), labels.size_bytes());
  set_transforms(transforms);
}

void Graph::set_transforms(std::span<const SampleTransform> transforms) {
  const Impl& g = *impl_;
  if (static_cast<std::int64_t>(transforms.size()) != g.options.batch_size) {
    fail(ExitCode::internal, "{} transforms for a batch of {}", transforms.size(), g.options.batch_size);
  }
  g.backend->copy_to_device(g.transforms, transforms.data(), transforms.size_bytes());
}

void Graph::set_step(const StepParameters& step) { impl_->backend->copy_to_device(impl_->step, &step, sizeof step); }

void Graph::set_pass_observer(PassObserver observer) { impl_->pass_observer = std::move(observer); }

void Graph::forward(bool training, const Observer& observer) {
  Impl& g = *impl_;
  g.input->forward(g.pixels, g.transforms, g.mean, g.network_input);
  g.done("input", Pass::forward);
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    Layer& layer = *g.nodes[i].layer;
    layer.forward({g.step, training, g.src(i), g.dst(i), &g.values[g.nodes[i].index]});
    if (observer) {
      g.backend->synchronize();
      observer(layer.name(), g.dst(i));
    }
    g.done(layer.name(), Pass::forward);
  }
  g.loss->forward(g.step, g.logits(), g.labels, g.logits(), g.totals);
  g.done(g.network.loss, Pass::forward);
}

void Graph::backward(const std::vector<bool>& frozen) {
  Impl& g = *impl_;
  const auto is_frozen = [&](std::size_t layer) { return layer < frozen.size() && frozen[layer]; };
  // Below the lowest layer that still learns nobody needs a gradient.
  std::size_t lowest = g.nodes.size();
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    if (!g.values[g.nodes[i].index].empty() && !is_frozen(g.nodes[i].index)) lowest = i;
  }
  const std::size_t last = g.nodes.size() - 1;
  g.loss->backward_data(g.step, g.logits(), g.labels, g.diff_dst(last).reshaped(g.logits().shape()));
  g.done(g.network.loss, Pass::backward);
  for (std::size_t i = g.nodes.size(); i-- > lowest;) {
    const std::size_t index = g.nodes[i].index;
    const bool learns = !g.values[index].empty() && !is_frozen(index);
    g.nodes[i].layer->backward({g.step, g.src(i), g.dst(i), g.diff_dst(i), i > lowest ? g.diff_dst(i - 1) : Tensor(), &g.values[index],
                                learns ? &g.diffs[index] : nullptr});
    g.done(g.nodes[i].layer->name(), Pass::backward);
  }
}

void Graph::update(const std::vector<bool>& frozen) {
  Impl& g = *impl_;
  for (std::size_t i = 0; i < g.parameters.size(); ++i) {
    const Parameter& parameter = g.parameters[i];
    if (parameter.layer < frozen.size() && frozen[parameter.layer]) {
      g.backend->zero(parameter.velocity.raw(), parameter.velocity.bytes());
    } else {
      g.sgd[i]->update(g.step, parameter.diff, parameter.velocity, parameter.value);
    }
    g.done(g.network.layers[parameter.layer]->name(), Pass::update);
  }
}

LossTotals Graph::totals() const {
  LossTotals totals;
  impl_->backend->copy_to_host(&totals, impl_->totals, sizeof totals);
  return totals;
}

void Graph::reset_totals(const LossTotals& totals) { impl_->backend->copy_to_device(impl_->totals, &totals, sizeof totals); }

std::vector<float> Graph::probabilities() const { return read(impl_->logits()); }

}  // namespace alexnet
