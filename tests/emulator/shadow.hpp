// What the model remembers of every four bytes of global and shared memory, and who may touch them after whom.
//
// An access carries a stamp: the interval between two barriers of a block (numbered on through all blocks and launches), the thread, and
// the thread's clock, which goes up at every __syncwarp. Access a is ordered before the access of the thread that runs now when
//   - it belongs to an earlier launch (launches of a stream run one after another), or
//   - it belongs to this block, and to an earlier interval: a __syncthreads lies between, or
//   - the same thread made it, or
//   - a lane of the same warp made it at a clock that the running thread knows of. Each thread has a vector clock over the lanes of its
//     warp; __syncwarp(mask) merges those of the lanes in the mask and nobody else's. Shuffles and ballots order nothing.
// Two accesses to the same byte that are not ordered, one of them a write and not both atomic, are a race. So the result does not depend
// on the order in which the threads happened to run; the random order serves what stamps cannot see: values.
//
// A cell knows the last writer and two readers, the last one and one before it, of another warp if there is one: that suffices, since
// within an interval a reader of another warp is unordered with any writer. What it may miss: a writer of some bytes of a word where
// another thread then writes other bytes; a reader left out by a partial mask where more lanes read after it; threads that meet
// through atomics and __threadfence are not seen as ordered. Bounds of shared variables are known to the byte, but a pointer that runs
// from one variable of a kernel right into another of the same kernel stays unseen (an index into an array does not, nor does a gap).
#pragma once

#include <cstdint>

namespace alexnet::emulator {

struct Stamp {
  std::uint32_t interval;
  std::uint16_t thread;
  std::uint16_t clock;
  bool operator==(const Stamp&) const = default;
};

struct Cell {
  Stamp write, read, other_read;
  std::uint32_t write_at, read_at, other_read_at;  // return addresses, from the start of the program
  std::uint8_t initialised : 4, write_bytes : 4;   // one bit a byte
  std::uint8_t read_bytes : 4, other_read_bytes : 4;
  std::uint8_t write_is_atomic;
};
static_assert(sizeof(Cell) == 40);

inline constexpr unsigned kWordBytes = 4;

}  // namespace alexnet::emulator
