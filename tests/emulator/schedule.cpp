// Threads as fibers: who runs next, and who waits for whom at barriers.
#include "emulator/schedule.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <stdexcept>

#include "emulator/emulator.hpp"
#include "emulator/profile.hpp"
#include "emulator/source_lines.hpp"

namespace alexnet::emulator {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::transfer_t;

constexpr std::size_t kStackBytes = 128 * 1024;

fcontext_t scheduler;
bool in_thread = false;
std::vector<std::uint16_t> ready;
std::size_t num_finished;

// The stacks of a block's threads, one behind the other. A fiber that a fault leaves behind is never resumed nor unwound: kernels own
// nothing.
std::uintptr_t stacks() {
  static void* const memory =
      mmap(nullptr, kStackBytes * kMostThreads, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("the execution model cannot reserve stacks");
  return reinterpret_cast<std::uintptr_t>(memory);
}

void run_thread(transfer_t from) {
  scheduler = from.fctx;
  running = true;
  machine.entry(machine.call);
  running = false;
  machine.threads[machine.current].state = State::finished;
  ++num_finished;
  complete_warp_operations_without(machine.current);
  switch_thread();
}

void end_interval() {
  if (!machine.read_before_write.empty()) fault(machine.read_before_write);
  if (recording()) record_interval_end();
  ++machine.now.interval;
}

// Nobody can run: all are at one barrier, or the block hangs.
void release_barrier() {
  const auto size = static_cast<unsigned>(machine.threads.size());
  unsigned waiting = size;  // one at a barrier
  for (unsigned i = 0; i < size; ++i) {
    if (machine.threads[i].state == State::at_barrier) waiting = i;
  }
  for (unsigned i = 0; i < size; ++i) {
    const Thread& t = machine.threads[i];
    if (waiting == size && t.state == State::in_warp_operation) fault("hangs: " + doing(i) + " for lanes that do not come");
    if (waiting == size || (t.state == State::at_barrier && same_line(t.waits_at, machine.threads[waiting].waits_at))) continue;
    fault(fmt::format("divergent barrier: {}, but {}", doing(waiting), doing(i)));
  }
  end_interval();
  for (unsigned i = 0; i < size; ++i) {
    if (machine.clocks_moved) {
      machine.threads[i].clock = 1;
      machine.threads[i].known.fill(0);
    }
    make_ready(i);
  }
  machine.clocks_moved = false;
}

}  // namespace

Machine machine;
constinit thread_local bool running = false;
std::mutex& machine_mutex() {
  static std::mutex mutex;
  return mutex;
}
uint3 thread_index, block_index, block_extent, grid_extent;

void switch_thread() {
  scheduler = jump_fcontext(scheduler, nullptr).fctx;
  running = true;
}

void make_ready(unsigned thread) {
  machine.threads[thread].state = State::ready;
  ready.push_back(static_cast<std::uint16_t>(thread));
}

void yield() {
  running = false;
  make_ready(machine.current);
  switch_thread();
}

void wait_at_barrier(const void* at) {
  running = false;
  machine.threads[machine.current].state = State::at_barrier;
  machine.threads[machine.current].waits_at = at;
  switch_thread();
}

void race_fault(const std::string& what) {
  running = false;
  machine.fault = kernel_name(machine.kernel) + ": " + what;
  if (in_thread) jump_fcontext(scheduler, nullptr);
  throw KernelFault(machine.fault);
}

void fault(const std::string& what) { race_fault(machine.read_before_write.empty() ? what : machine.read_before_write); }

void defer_fault(const std::string& what) { machine.read_before_write = what; }

uint3 thread_of(unsigned index) {
  return {index % block_extent.x, index / block_extent.x % block_extent.y, index / block_extent.x / block_extent.y};
}

std::string thread_name(Stamp stamp) {
  const auto later = std::upper_bound(machine.blocks.begin(), machine.blocks.end(), stamp.interval,
                                      [](std::uint32_t interval, const auto& block) { return interval < block.first; });
  const uint3 t = thread_of(stamp.thread), b = (later - 1)->second;
  return fmt::format("thread ({},{},{}) of block ({},{},{})", t.x, t.y, t.z, b.x, b.y, b.z);
}

bool same_line(const void* a, const void* b) { return a == b || source_line(a) == source_line(b); }

std::string doing(unsigned thread) {
  const Thread& t = machine.threads[thread];
  const std::string name = thread_name({machine.now.interval, static_cast<std::uint16_t>(thread), 0});
  if (t.state == State::finished) return name + " has finished";
  return fmt::format("{} waits {} {}", name, t.state == State::at_barrier ? "at the barrier of" : "in the warp operation of",
                     source_line(t.waits_at).name());
}

void run_block(std::mt19937_64& random) {
  ready.clear();
  num_finished = 0;
  for (unsigned i = 0; i < machine.threads.size(); ++i) {
    Thread& thread = machine.threads[i];
    const std::uintptr_t top = stacks() + (i + 1) * kStackBytes;
    thread.context = boost::context::detail::make_fcontext(reinterpret_cast<void*>(top), kStackBytes, run_thread);
    thread.clock = 1;
    thread.known.fill(0);
    make_ready(i);
  }
  while (num_finished < machine.threads.size()) {
    if (ready.empty()) release_barrier();
    std::swap(ready[random() % ready.size()], ready.back());
    machine.current = ready.back();
    ready.pop_back();
    Thread& thread = machine.threads[machine.current];
    machine.now.thread = machine.current;
    machine.now.clock = thread.clock;
    machine.stack = {stacks() + machine.current * kStackBytes, kStackBytes};
    thread_index = thread_of(machine.current);
    in_thread = true;
    thread.context = jump_fcontext(thread.context, nullptr).fctx;
    in_thread = false;
    if (!machine.fault.empty()) throw KernelFault(machine.fault);
  }
  end_interval();
}

}  // namespace alexnet::emulator

void __syncthreads() { alexnet::emulator::wait_at_barrier(__builtin_return_address(0)); }
