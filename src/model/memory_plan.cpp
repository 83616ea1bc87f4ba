#include "model/memory_plan.hpp"

#include <algorithm>
#include <numeric>

#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

std::size_t plan_memory(std::vector<MemoryBlock>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<const MemoryBlock*> placed;  // by offset
  std::size_t arena_bytes = 0;
  for (const std::size_t index : order) {
    MemoryBlock& block = blocks[index];
    std::size_t offset = 0;
    for (const MemoryBlock* other : placed) {
      const bool meet = block.first <= other->last && other->first <= block.last;
      if (!meet) continue;
      if (offset + aligned_bytes(block.bytes) <= other->offset) break;
      offset = std::max(offset, other->offset + aligned_bytes(other->bytes));
    }
    block.offset = offset;
    arena_bytes = std::max(arena_bytes, offset + aligned_bytes(block.bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &block,
                                   [](const MemoryBlock* a, const MemoryBlock* b) { return a->offset < b->offset; }),
                  &block);
  }
  return arena_bytes;
}

}  // namespace alexnet
