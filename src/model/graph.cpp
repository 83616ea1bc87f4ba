#include "alexnet/model/graph.hpp"

#include <algorithm>
#include <cmath>

#include "alexnet/core/error.hpp"
#include "model/graph_impl.hpp"
#include "model/initial_values.hpp"

namespace alexnet {

Graph::Graph(Network network, std::shared_ptr<Backend> backend, const GraphOptions& options)
    : impl_(std::make_unique<Impl>(std::move(network), std::move(backend), options)) {
  Impl& g = *impl_;
  g.backend->check_activation_type(options.activation_type);
  g.nodes = fuse_layers(g.network);
  hand_on_masks(g.nodes);
  mark_in_place(g.nodes);
  choose_types(g.nodes, options.activation_type);
  g.make_ops();
  g.plan_memory();
  g.check_memory();
  g.lay_out_parameters();
  g.arena = g.backend->allocate(g.table.arena_bytes, "activations");
  g.lay_out_state();
  g.bind_ops();
  reset_totals();
  g.network_input = g.block_tensor(g.table.input, g.network.input, g.nodes.front().types.src);
}

Graph::~Graph() = default;

const Network& Graph::network() const { return impl_->network; }
const GraphPlan& Graph::plan() const { return impl_->plan; }
std::vector<Parameter>& Graph::parameters() { return impl_->parameters; }
std::int64_t Graph::batch_size() const { return impl_->options.batch_size; }

Algorithms Graph::algorithms() const {
  Algorithms all;
  for (const Node& node : impl_->nodes) {
    for (const Op* op : node.layer->ops()) {
      for (const auto& [pass, algorithm] : op->algorithms()) all[node.layer->name() + "." + pass] = algorithm;
    }
  }
  return all;
}

void Graph::initialize(std::uint64_t seed) {
  for (Parameter& parameter : impl_->parameters) {
    write(parameter.value, draw_initial_values(parameter.spec, seed));
    if (!parameter.velocity.empty()) impl_->backend->zero(parameter.velocity.raw(), parameter.velocity.bytes());
  }
}

std::vector<float> Graph::read(const Tensor& tensor) const {
  std::vector<float> values(static_cast<std::size_t>(tensor.count()));
  if (tensor.dtype() == DType::bf16) {
    std::vector<BFloat16> stored(values.size());
    impl_->backend->copy_to_host(stored.data(), tensor.raw(), tensor.bytes());
    std::transform(stored.begin(), stored.end(), values.begin(), [](BFloat16 value) { return to_float(value); });
  } else {
    impl_->backend->copy_to_host(values.data(), tensor.raw(), tensor.bytes());
  }
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
  const std::size_t picture_bytes = g.pixels.bytes() / static_cast<std::size_t>(g.options.batch_size);
  if (labels.size_bytes() > g.labels.bytes() || pixels.size() != labels.size() * picture_bytes || transforms.size() != labels.size()) {
    fail(ExitCode::internal, "batch of {} bytes and {} labels for a graph of {}", pixels.size(), labels.size(), g.pixels.shape().str());
  }
  check_labels(g.network.num_classes, labels);
  g.backend->copy_to_device(g.pixels.raw(), pixels.data(), pixels.size());
  g.backend->copy_to_device(g.labels.raw(), labels.data(), labels.size_bytes());
  set_transforms(transforms);
}

void Graph::set_transforms(std::span<const SampleTransform> transforms) {
  const Impl& g = *impl_;
  if (static_cast<std::int64_t>(transforms.size()) > g.options.batch_size) {
    fail(ExitCode::internal, "{} transforms for a batch of {}", transforms.size(), g.options.batch_size);
  }
  check_transforms(g.input_shape(), transforms);
  g.backend->copy_to_device(g.transforms, transforms.data(), transforms.size_bytes());
}

void Graph::set_step(const StepParameters& step) {
  check_valid_images(impl_->options.batch_size, step);
  check_dropout_rates(step);
  impl_->backend->copy_to_device(impl_->step, &step, sizeof step);
}

void Graph::set_pass_observer(PassObserver observer) { impl_->pass_observer = std::move(observer); }

void Graph::forward(bool training, const Observer& observer) {
  Impl& g = *impl_;
  g.input->forward(g.pixels, g.transforms, g.mean, g.network_input);
  g.done("input", Pass::forward);
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    Layer& layer = *g.nodes[i].layer;
    layer.forward({g.step, training, g.src(i), g.dst(i), &g.values[g.nodes[i].index]});
    if (observer && g.nodes[i].index < g.network.layers.size()) {
      g.backend->synchronize();
      observer(layer.name(), g.dst(i));
    }
    g.done(layer.name(), Pass::forward);
  }
  g.loss->forward(g.step, g.logits(), g.labels, g.logits(), g.totals);
  g.done(g.network.loss, Pass::forward);
}

void Graph::backward(const BackwardOptions& options) {
  Impl& g = *impl_;
  const auto is_frozen = [&](std::size_t layer) { return layer < options.frozen.size() && options.frozen[layer]; };
  if (!g.options.sums_parts && !(options.first_part && options.last_part))
    fail(ExitCode::internal, "a graph that sums no parts was given one of several");
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
    if (learns) g.finish_gradients(index, options);
    g.done(g.nodes[i].layer->name(), Pass::backward);
  }
}

// The sums of earlier parts lie in memory of their own; the last part adds them to its gradients.
void Graph::Impl::finish_gradients(std::size_t layer, const BackwardOptions& part) const {
  const std::span<float> gradients = diff_pieces[layer];
  if (!part.first_part || !part.last_part) {
    float* sums = gradients.data() + sums_offset;
    if (part.last_part) {
      backend->add(gradients.data(), sums, gradients.size());
    } else {
      if (part.first_part) backend->zero(sums, gradients.size_bytes());
      backend->add(sums, gradients.data(), gradients.size());
    }
  }
  if (part.last_part && part.on_gradients) part.on_gradients(gradients.data(), gradients.size());
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
