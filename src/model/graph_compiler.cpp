#include "model/graph_compiler.hpp"

#include <algorithm>

namespace alexnet {

std::string Node::label() const {
  std::string label = layer->name();
  for (const std::string& name : fused) label += " + " + name;
  return label;
}

std::vector<Node> fuse_layers(const Network& network) {
  std::vector<Node> nodes;
  auto exchange = network.exchanges.begin();
  const auto add_exchanges_before = [&](std::size_t i) {
    for (; exchange != network.exchanges.end() && exchange->before == i; ++exchange)
      nodes.push_back({exchange->layer.get(), network.layers.size(), {}, false, {}});
  };
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    add_exchanges_before(i);
    Layer* layer = network.layers[i].get();
    if (!nodes.empty() && nodes.back().fused.empty() && nodes.back().layer->fuse(*layer)) {
      nodes.back().fused.push_back(layer->name());
    } else {
      nodes.push_back({layer, i, {}, false, {}});
    }
  }
  add_exchanges_before(network.layers.size());
  return nodes;
}

void mark_in_place(std::vector<Node>& nodes) {
  // The first node must keep its input: other views of the same pictures are made from it.
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Layer& layer = *nodes[i].layer;
    nodes[i].in_place = layer.can_run_in_place() && !layer.backward_uses_src() && !nodes[i - 1].layer->backward_uses_dst();
  }
}

void choose_types(std::vector<Node>& nodes, DType type) {
  const auto has_parameters = [](const Node& node) { return !node.layer->parameters().empty(); };
  const auto last = std::find_if(nodes.rbegin(), nodes.rend(), has_parameters);
  DType src = last == nodes.rend() ? DType::f32 : type;
  for (Node& node : nodes) {
    const DType dst = last != nodes.rend() && &node == &*last ? DType::f32 : src;
    node.types = {src, dst};
    src = dst;
  }
}

namespace {

std::size_t activation_bytes(const Extent3& extent, std::int64_t batch_size, DType type) {
  return static_cast<std::size_t>(extent.count() * batch_size) * dtype_bytes(type);
}

// Times of a node's passes in a step over n nodes.
struct Clock {
  int n;
  int forward(std::size_t node) const { return static_cast<int>(node); }
  int backward(std::size_t node) const { return 2 * n - 1 - static_cast<int>(node); }
};

}  // namespace

BlockTable plan_blocks(const std::vector<Node>& nodes, Extent3 input, std::int64_t batch_size, bool training,
                       std::size_t other_scratch_bytes) {
  BlockTable table;
  table.nodes.resize(nodes.size());
  const Clock clock{static_cast<int>(nodes.size())};
  const auto add = [&](std::string name, std::size_t bytes, int first, int last) {
    table.blocks.push_back({std::move(name), bytes, first, last, 0});
    return static_cast<int>(table.blocks.size()) - 1;
  };
  const auto live_until = [&](int block, int time) { table.blocks[block].last = std::max(table.blocks[block].last, time); };

  table.input = add("input", activation_bytes(input, batch_size, nodes.front().types.src), 0, 0);
  std::size_t scratch_bytes = other_scratch_bytes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const int src = i == 0 ? table.input : table.nodes[i - 1].dst;
    NodeBlocks& own = table.nodes[i];
    live_until(src, clock.forward(i));
    own.dst = node.in_place ? src
                            : add(node.layer->name(), activation_bytes(node.layer->dst(), batch_size, node.types.dst), clock.forward(i),
                                  clock.forward(i));
    if (training) {
      if (node.layer->backward_uses_src()) live_until(src, clock.backward(i));
      if (node.layer->backward_uses_dst()) live_until(own.dst, clock.backward(i));
    }
    std::size_t workspace_bytes = 0;
    for (const Op* op : node.layer->ops()) {
      workspace_bytes += aligned_bytes(op->workspace_bytes());
      scratch_bytes = std::max(scratch_bytes, op->scratch_bytes());
    }
    if (training && workspace_bytes > 0) {
      own.workspace = add("workspace " + node.layer->name(), workspace_bytes, clock.forward(i), clock.backward(i));
    }
  }
  // The loss runs between the last forward and the first backward; the logits become the probabilities and are read after the step.
  live_until(table.nodes.back().dst, training ? 2 * clock.n - 1 : clock.n - 1);
  if (training) {
    for (std::size_t i = nodes.size(); i-- > 0;) {
      const bool shares = i + 1 < nodes.size() && nodes[i + 1].in_place;  // diff_src over diff_dst of the node behind
      if (shares) {
        table.nodes[i].diff_dst = table.nodes[i + 1].diff_dst;
        live_until(table.nodes[i].diff_dst, clock.backward(i));
      } else {
        const int written = i + 1 < nodes.size() ? clock.backward(i + 1) : clock.backward(i) - 1;
        table.nodes[i].diff_dst = add("diff " + nodes[i].layer->name(),
                                      activation_bytes(nodes[i].layer->dst(), batch_size, nodes[i].types.dst), written, clock.backward(i));
      }
    }
  }
  if (scratch_bytes > 0) table.scratch = add("scratch", scratch_bytes, 0, 2 * clock.n - 1);
  table.arena_bytes = plan_memory(table.blocks);
  return table;
}

}  // namespace alexnet
