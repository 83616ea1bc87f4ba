// Times each op of a backend by itself, at the shapes of the full network.
#pragma once

#include <functional>
#include <string>

#include "alexnet/ops/backend.hpp"
#include "cmd/bench_step.hpp"

namespace alexnet {

struct OpTime {
  std::string op, shape, pass;  // "conv2d", "conv2", "backward_data"
  double median_s, shortest_s;  // of the rounds
  int rounds;
  Work work;
};

// `only`: one op's name, or "" for all. Each pass goes round several sets of random tensors, together larger than a cache, and is timed a
// round at a time by the device's own clock, until there are 5 rounds and 0.2 s. Throws Error(command_line) for an op of no such name.
void bench_ops(Backend& backend, std::int64_t batch_size, const std::string& only, const std::function<void(const OpTime&)>& report);

}  // namespace alexnet
