// What a compiled graph is made of: its nodes, their ops, and where everything lies in the device's memory.
#pragma once

#include "alexnet/model/graph.hpp"
#include "model/graph_compiler.hpp"

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
  std::vector<std::vector<Tensor>> values, diffs;  // by Node::index, for the passes
  std::vector<std::span<float>> diff_pieces;       // likewise: a layer's gradients with the gaps between them
  std::ptrdiff_t sums_offset = 0;                  // from a gradient to the sum of its step's earlier parts
  Tensor pixels, labels, mean, network_input;
  SampleTransform* transforms = nullptr;  // these three in the backend's memory
  StepParameters* step = nullptr;
  LossTotals* totals = nullptr;
  PassObserver pass_observer;

  bool training() const { return options.mode == GraphMode::training; }
  // Values, velocities, gradients and the sums of gradients.
  std::size_t num_parameter_parts() const { return training() ? (options.sums_parts ? 4 : 3) : 1; }
  void finish_gradients(std::size_t layer, const BackwardOptions& part) const;
  InputShape input_shape() const {
    InputShape shape =
        InputShape::infer(options.batch_size, options.image_height, options.image_width, network.input.H, options.input_scale);
    shape.type = nodes.front().types.src;
    return shape;
  }
  // In this order, by the constructor (graph_memory.cpp).
  void make_ops();
  void plan_memory();
  void check_memory() const;
  void lay_out_parameters();
  void lay_out_state();
  void bind_ops();

  std::vector<Op*> other_ops() const;  // those that belong to no layer
  Tensor block_tensor(int block, const Extent3& extent, DType type) const;
  Tensor src(std::size_t i) const { return i == 0 ? network_input : dst(i - 1); }
  Tensor dst(std::size_t i) const { return block_tensor(table.nodes[i].dst, nodes[i].layer->dst(), nodes[i].types.dst); }
  Tensor diff_dst(std::size_t i) const { return block_tensor(table.nodes[i].diff_dst, nodes[i].layer->dst(), nodes[i].types.dst); }
  void done(const std::string& layer, Pass pass) const {
    if (!pass_observer) return;
    backend->synchronize();
    pass_observer(layer, pass);
  }
  // The last node's output; the loss leaves the probabilities in its place.
  Tensor logits() const { return dst(nodes.size() - 1).reshaped({options.batch_size, network.num_classes}); }
};

}  // namespace alexnet
