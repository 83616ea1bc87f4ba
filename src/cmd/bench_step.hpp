// Times whole steps of a network on random pictures, and each layer's part in them beside the least time that its arithmetic and its
// memory traffic allow on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alexnet/model/graph.hpp"

namespace alexnet {

// What the machine can do, measured with the backend's own ops: the faster of a large matrix product and a large
// 3x3 convolution with activations of the type, and an update of many weights.
struct MachineSpeed {
  double flop_per_s = 0, bytes_per_s = 0;
};
MachineSpeed measure_machine_speed(Backend& backend, DType type = DType::f32);

// The work that cannot be avoided: 2 operations a multiply-accumulate, and every tensor read or written once.
struct Work {
  double flop = 0, bytes = 0;
  double floor_s(const MachineSpeed& speed) const;
};
// Of a layer on its own; needs_diff_src: its backward pass computes the gradient for the layer below; type: of the
// activations (the logits are counted as if they were too).
Work layer_work(const Layer& layer, Pass pass, std::int64_t batch_size, bool needs_diff_src, DType type = DType::f32);

struct LayerTime {
  std::string layer;  // "input", a layer with those fused into it, or the loss
  Pass pass;
  std::vector<double> seconds;  // of each timed step
};

struct StepTimes {
  std::vector<double> step_s;     // of each timed step
  std::vector<LayerTime> layers;  // in the order of the passes
  double loss = 0;                // of the last step
};

struct StepBench {
  bool train = true;
  int steps = 5, warmup_steps = 2;
};

// step: rates and seed of the training steps. The pictures are random grey levels, three batches of them in turn.
StepTimes time_steps(Graph& graph, Backend& backend, const StepParameters& step, std::int64_t picture_size, const StepBench& bench);

}  // namespace alexnet
