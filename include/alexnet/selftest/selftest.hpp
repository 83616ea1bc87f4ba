// `alexnet selftest`: every op of a backend against the double-precision reference, on this machine's real device.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/ops/backend.hpp"

namespace alexnet {

// One pass of one op at one shape.
struct SelftestResult {
  std::string op, shape, pass;
  double error = 0;     // the largest difference from the reference, as a share of what is allowed there; exact passes: 0, or infinite
  double largest = 0;   // the same as a plain difference
  std::string trouble;  // "" when all is well: else what is wrong, in words
};

// Names of the ops, "conv2d" first, "training" (20 steps of a small net) last.
const std::vector<std::string>& selftest_ops();

// Runs the checks of one op (all: ""), each twice: results, bits of the second run, guard bands around all memory. `report` gets each
// result as it comes; where an op throws Error(internal) that is its result, and what is left of its checks is left out. `type`: of the
// activations. Throws Error(command_line) for an op of no such name.
void run_selftest(const std::shared_ptr<Backend>& backend, const std::string& op, const std::function<void(const SelftestResult&)>& report,
                  DType type = DType::f32);

}  // namespace alexnet
