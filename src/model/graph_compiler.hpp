// From a chain of layers to nodes with memory: the passes of the graph compiler.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alexnet/model/network.hpp"
#include "model/memory_plan.hpp"

namespace alexnet {

// A layer that runs, with the layers fused into it; or an exchange.
struct Node {
  Layer* layer = nullptr;
  std::size_t index = 0;           // of the layer in the network; of an exchange: their number
  std::vector<std::string> fused;  // names of the layers that it swallowed
  bool in_place = false;           // dst is src's memory
  ActivationTypes types;
  std::string label() const;  // "conv1 + act1"
};

// Pass 1: a layer that takes its successor as an epilogue swallows it, and exchanges come between the layers. (A fused op of several
// layers, such as LRN + max-pool, would be made here: a Layer of its own that replaces its parts.)
std::vector<Node> fuse_layers(const Network& network);

// Pass 2: a layer that can overwrite its input does, where nobody reads that input later.
void mark_in_place(std::vector<Node>& nodes);

// Pass 3: activations are stored as `type`, but in f32 from the last layer with parameters on: the logits, and what is made of them.
void choose_types(std::vector<Node>& nodes, DType type);

// Pass 4: blocks of memory with their lifetimes. Indices into `blocks`, -1: none.
struct NodeBlocks {
  int dst = -1, diff_dst = -1, workspace = -1;
};
struct BlockTable {
  std::vector<MemoryBlock> blocks;
  std::vector<NodeBlocks> nodes;
  int input = -1, scratch = -1;
  std::size_t arena_bytes = 0;
};
// other_scratch_bytes: the largest scratch of the ops outside the nodes (input, loss, update).
BlockTable plan_blocks(const std::vector<Node>& nodes, Extent3 input, std::int64_t batch_size, bool training,
                       std::size_t other_scratch_bytes);

}  // namespace alexnet
