// The memory of a graph: one piece for the parameters, one for the activations, whose plan is made in graph_compiler.cpp, and one for
// what a step brings along. All of it is counted before any is asked for.
#include <algorithm>
#include <optional>

#include "alexnet/core/error.hpp"
#include "model/graph_impl.hpp"

namespace alexnet {
namespace {

std::size_t parameter_bytes(const ParameterSpec& spec) {
  return aligned_bytes(static_cast<std::size_t>(spec.own_shape().count()) * sizeof(float));
}

// Where in one piece of memory lies what a step brings along.
struct StateLayout {
  std::size_t pixels, labels, mean, transforms, step, totals, bytes = 0;

  explicit StateLayout(const GraphOptions& o) {
    const auto N = static_cast<std::size_t>(o.batch_size), values = static_cast<std::size_t>(o.image_height * o.image_width * 3);
    pixels = reserve(N * values);
    labels = reserve(N * sizeof(std::int32_t));
    mean = reserve(values * sizeof(float));
    transforms = reserve(N * sizeof(SampleTransform));
    step = reserve(sizeof(StepParameters));
    totals = reserve(sizeof(LossTotals));
  }
  std::size_t reserve(std::size_t size) {
    const std::size_t offset = bytes;
    bytes += aligned_bytes(size);
    return offset;
  }
};

}  // namespace

Tensor Graph::Impl::block_tensor(int block, const Extent3& extent, DType type) const {
  return {arena.data() + table.blocks[block].offset, Shape{options.batch_size, extent.H, extent.W, extent.C}, type};
}

void Graph::Impl::make_ops() {
  input = backend->make_input(input_shape());
  for (const Node& node : nodes) {
    // Nobody needs the gradient of the pictures.
    OpUse use{training() && &node != nodes.data(), training(), {}};
    const std::string prefix = node.layer->name() + ".";
    for (const auto& [name, algorithm] : options.algorithms) {
      if (name.starts_with(prefix)) use.algorithms[name.substr(prefix.size())] = algorithm;
    }
    node.layer->set_op_use(std::move(use));
    node.layer->make_op(*backend, options.batch_size, node.types);
  }
  loss = backend->make_softmax_cross_entropy(options.batch_size, network.num_classes);
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    for (ParameterSpec& spec : network.layers[i]->parameters()) {
      if (training()) {
        sgd.push_back(backend->make_sgd({spec.own_shape().count(), network.layers[i]->slot(), spec.is_bias,
                                         static_cast<float>(options.optimizer.momentum),
                                         static_cast<float>(options.optimizer.weight_decay * spec.config.decay_mult)}));
      }
      parameters.push_back({std::move(spec), i, {}, {}, {}});
    }
  }
}

void Graph::Impl::plan_memory() {
  std::size_t scratch_bytes = 0;
  for (const Op* op : other_ops()) scratch_bytes = std::max(scratch_bytes, op->scratch_bytes());
  table = plan_blocks(nodes, network.input, options.batch_size, training(), scratch_bytes);
  for (const Node& node : nodes) plan.nodes.push_back(node.label());
  for (const MemoryBlock& block : table.blocks) {
    plan.blocks.push_back({block.name, block.offset, block.bytes, block.first, block.last});
    plan.unshared_bytes += block.bytes;
  }
  plan.activation_bytes = table.arena_bytes;
  plan.batch_bytes = StateLayout(options).bytes;
  for (const Parameter& parameter : parameters) plan.parameter_bytes += parameter_bytes(parameter.spec) * num_parameter_parts();
}

// What grows with the batch is taken to grow in proportion, which leaves a little unused: scratch does not.
void Graph::Impl::check_memory() const {
  const std::optional<std::size_t> free_bytes = backend->free_bytes();
  const std::size_t of_batch = plan.activation_bytes + plan.batch_bytes, needed = plan.parameter_bytes + of_batch;
  if (!free_bytes || needed <= *free_bytes) return;
  const auto gib = [](std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); };
  const auto batch_size = static_cast<std::size_t>(options.batch_size);
  const std::size_t fitting = *free_bytes <= plan.parameter_bytes ? 0 : (*free_bytes - plan.parameter_bytes) * batch_size / of_batch;
  fail(ExitCode::out_of_memory,
       "at batch {} the network needs {:.2f} GiB on {}: {:.2f} for {} and {:.2f} for the batch; {:.2f} GiB are free: {}", batch_size,
       gib(needed), backend->description(), gib(plan.parameter_bytes), training() ? "weights, velocities and gradients" : "weights",
       gib(of_batch), gib(*free_bytes),
       fitting == 0 ? "not even one picture at a time fits" : fmt::format("train.batch_size={} fits", fitting));
}

// Values, then velocities, then gradients, then their sums.
void Graph::Impl::lay_out_parameters() {
  parameter_memory = backend->allocate(plan.parameter_bytes, training() ? "weights, velocities and gradients" : "weights");
  const std::size_t part_bytes = plan.parameter_bytes / num_parameter_parts();
  sums_offset = static_cast<std::ptrdiff_t>(part_bytes / sizeof(float));
  values.resize(network.layers.size() + 1);  // the last: of exchanges, which have none
  diffs.resize(network.layers.size() + 1);
  diff_pieces.resize(network.layers.size() + 1);
  std::size_t offset = 0;
  for (Parameter& parameter : parameters) {
    const auto view = [&](std::size_t part) {
      return Tensor(parameter_memory.data() + part * part_bytes + offset, parameter.spec.own_shape(), DType::f32);
    };
    parameter.value = view(0);
    values[parameter.layer].push_back(parameter.value);
    if (training()) {
      parameter.velocity = view(1);
      parameter.diff = view(2);
      diffs[parameter.layer].push_back(parameter.diff);
      std::span<float>& piece = diff_pieces[parameter.layer];
      float* begin = piece.empty() ? parameter.diff.data<float>() : piece.data();
      piece = {begin, piece.size() + parameter_bytes(parameter.spec) / sizeof(float)};
    }
    offset += parameter_bytes(parameter.spec);
  }
  // Nobody writes the gaps between the gradients, but sums of whole pieces read them.
  if (training()) backend->zero(parameter_memory.data() + 2 * part_bytes, (num_parameter_parts() - 2) * part_bytes);
}

// What a step brings along: pictures, labels, transforms, mean, step parameters, totals.
void Graph::Impl::lay_out_state() {
  const std::int64_t N = options.batch_size, H = options.image_height, W = options.image_width;
  const StateLayout at(options);
  state_memory = backend->allocate(at.bytes, "a batch of pictures");
  backend->zero(state_memory.data(), at.bytes);
  pixels = Tensor(state_memory.data() + at.pixels, {N, H, W, 3}, DType::u8);
  labels = Tensor(state_memory.data() + at.labels, {N}, DType::i32);
  mean = Tensor(state_memory.data() + at.mean, {1, 1, 3}, DType::f32);
  transforms = reinterpret_cast<SampleTransform*>(state_memory.data() + at.transforms);
  step = reinterpret_cast<StepParameters*>(state_memory.data() + at.step);
  totals = reinterpret_cast<LossTotals*>(state_memory.data() + at.totals);
}

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

}  // namespace alexnet
