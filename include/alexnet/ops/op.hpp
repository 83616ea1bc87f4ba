// What all ops have in common: memory that they ask for and the graph's planner gives them.
//
// An op is made once for fixed shapes by a Backend and allocates no tensor memory when it runs. Unless a pass says "accumulates", it
// overwrites its outputs. Ops are not thread-safe; they use the backend's threads inside.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace alexnet {

// How the passes of an op are computed, in its backend's words, where the backend has a choice: "forward" -> "9.19.0 eng34_k2=5".
using Algorithms = std::map<std::string, std::string>;

// What an op is made for.
struct OpUse {
  bool backward_data = true, backward_weights = true;  // will be called
  Algorithms algorithms;                               // to be taken again, as `Op::algorithms` told them; of other passes: any
};

class Op {
 public:
  virtual ~Op() = default;
  Op() = default;
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  // Bytes that carry something from `forward` to the backward passes of the same step (the argmax of a max-pool).
  virtual std::size_t workspace_bytes() const { return 0; }
  // Bytes used inside a single call; ops share them.
  virtual std::size_t scratch_bytes() const { return 0; }
  // The choices that another op of this shape must repeat to compute the same bits.
  virtual Algorithms algorithms() const { return {}; }
  // Called once before the first pass, with memory of at least those sizes, aligned to 64 bytes. Workspace is absent (nullptr) in a
  // graph that never runs backward passes: `forward` must then work without.
  void bind(std::byte* workspace, std::byte* scratch) {
    workspace_ = workspace;
    scratch_ = scratch;
  }

 protected:
  std::byte* workspace_ = nullptr;
  std::byte* scratch_ = nullptr;
};

}  // namespace alexnet
