// Where each tensor of a graph lies in one arena: tensors whose lifetimes do not meet share memory.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace alexnet {

// A block is needed at the times first..last, both included. Time counts the calls of a step: forward of node i at i, backward of
// node i of n at 2n - 1 - i.
struct MemoryBlock {
  std::string name;
  std::size_t bytes = 0;
  int first = 0, last = 0;
  std::size_t offset = 0;  // the planner's answer, a multiple of kAlignmentBytes
};

// Sets the offsets, largest block first, each at the lowest place that is free during its life. Returns the arena's size in bytes.
std::size_t plan_memory(std::vector<MemoryBlock>& blocks);

}  // namespace alexnet
