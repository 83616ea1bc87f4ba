// A network compiled for a backend, a batch size and a purpose: fused, with ops made and the memory of all tensors planned; running it
// allocates no tensor memory.
//
// A training step: set_images, set_step, forward(true), backward, update. Evaluation: set_images, set_step, forward(false) and, for
// further views of the same pictures, set_transforms and forward(false) again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/model/network.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet {

enum class GraphMode { training, inference };
enum class Pass { forward, backward, update };

struct GraphOptions {
  GraphMode mode = GraphMode::training;
  std::int64_t batch_size = 1;
  std::int64_t image_height = 0, image_width = 0;  // of the stored pictures
  float input_scale = 1;
  OptimizerConfig optimizer;           // of a training graph
  bool sums_parts = false;             // of a training graph: backward() may be given one of several parts of a step
  DType activation_type = DType::f32;  // f32 or bf16; the logits are f32 in any case
  Algorithms algorithms;               // to be taken again, as Graph::algorithms told them
};

// A parameter and its companions. velocity and diff are empty in an inference graph.
struct Parameter {
  ParameterSpec spec;
  std::size_t layer = 0;         // index into Network::layers
  Tensor value, velocity, diff;  // of spec.own_shape(), in the backend's memory
};

// What a backward pass leaves behind. Gradients of the parts of a step, one forward and backward pass each, are added up.
struct BackwardOptions {
  std::vector<bool> frozen{};  // layers of the network that learn nothing; empty: none
  bool first_part = true;      // forgets the sums of the step before
  bool last_part = true;       // Parameter::diff then holds the sum of all parts
  // Called in the last part as soon as a layer's gradients are given to the device: where they lie in its memory, weights and bias in one
  // piece. The pieces of the layers lie side by side in the order of the layers.
  std::function<void(float* values, std::size_t count)> on_gradients{};
};

// What `summary --plan` prints.
struct GraphPlan {
  struct Block {
    std::string name;
    std::size_t offset, bytes;
    int first, last;  // times of a step: node i of n runs forward at i, backward at 2n - 1 - i
  };
  std::vector<std::string> nodes;  // after fusion: "conv1 + act1"
  std::vector<Block> blocks;
  std::size_t activation_bytes = 0;  // of the arena that the blocks share
  std::size_t unshared_bytes = 0;    // of the blocks, had each its own memory
  std::size_t parameter_bytes = 0;   // with velocities and gradients in a training graph
  std::size_t batch_bytes = 0;       // pictures, labels, mean image and what else a step brings along
};

class Graph {
 public:
  // The network's layers are moved in. With columns over several devices forward and backward are collective: each calls them. Throws
  // Error(out_of_memory) with the bytes needed and the batch that would fit.
  Graph(Network network, std::shared_ptr<Backend> backend, const GraphOptions& options);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  const Network& network() const;
  const GraphPlan& plan() const;
  std::vector<Parameter>& parameters();
  std::int64_t batch_size() const;
  // What its ops chose: "conv1.forward" -> the backend's words for it. Empty on backends that have no choice.
  Algorithms algorithms() const;

  // Draws the initial weights on the host, from (seed, parameter's name, element of the whole tensor), and zeroes the velocities.
  void initialize(std::uint64_t seed);
  // Host copies, in memory order (OHWI); `read` takes activations in bf16 too.
  std::vector<float> read(const Tensor& tensor) const;
  void write(const Tensor& tensor, std::span<const float> values);
  // Both collective: where the columns lie over several devices, all of them call it.
  // A parameter's value, velocity or diff with the rows of all devices, in memory order, on column 0; the others get nothing.
  std::vector<float> read_whole(const Parameter& parameter, const Tensor& tensor) const;
  // Element by element over the columns, in their order; the same on each.
  std::vector<double> sum_over_columns(std::vector<double> values) const;

  // mean: (H,W,3) of the stored pictures or (1,1,3), host.
  void set_mean(const Tensor& mean);
  // pixels (n,H,W,3) stored pictures; labels and transforms (n); host, copied. n may be less than the batch: what is left stays as it was.
  void set_images(std::span<const std::uint8_t> pixels, std::span<const std::int32_t> labels, std::span<const SampleTransform> transforms);
  void set_transforms(std::span<const SampleTransform> transforms);
  void set_step(const StepParameters& step);

  // Called with each node's output while it runs (this device's channels of it), after a fused ReLU, under its first layer's name; for
  // statistics. Exchanges are left out.
  using Observer = std::function<void(const std::string& layer, const Tensor& dst)>;
  // Called when a layer's part of a pass is done (the device waited for), for timing. Layers fused into another count as that one; the
  // loss layer is called by its name, an exchange by its node's, the making of the network's input from the pictures "input".
  using PassObserver = std::function<void(const std::string& layer, Pass pass)>;
  void set_pass_observer(PassObserver observer);
  // training: dropout draws its masks. Adds to the loss totals, leaves the probabilities.
  void forward(bool training, const Observer& observer = nullptr);
  // Gradients of all layers that are not frozen. Follows forward(true).
  void backward(const BackwardOptions& options = {});
  // One SGD step on the layers that are not frozen; the frozen ones' velocities are zeroed.
  void update(const std::vector<bool>& frozen = {});

  LossTotals totals() const;
  void reset_totals(const LossTotals& totals = {});
  std::vector<float> probabilities() const;  // (batch, classes), of the last forward

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
