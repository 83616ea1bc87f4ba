// The state of the model while a launch runs; private to tests/emulator.
#pragma once

#include <boost/context/detail/fcontext.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "emulator/cuda/cuda_runtime.h"
#include "emulator/shadow.hpp"

namespace alexnet::emulator {

inline constexpr unsigned kWarpSize = 32, kMostThreads = 1024;

// The indices that kernels read, under the names of cuda_runtime.h.
extern uint3 thread_index asm("alexnet_emulator_thread_index");
extern uint3 block_index asm("alexnet_emulator_block_index");
extern uint3 block_extent asm("alexnet_emulator_block_extent");
extern uint3 grid_extent asm("alexnet_emulator_grid_extent");

struct Range {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
  bool holds(std::uintptr_t address) const { return address - begin < bytes; }
};

enum class State : std::uint8_t { ready, at_barrier, in_warp_operation, finished };

struct Thread {
  boost::context::detail::fcontext_t context;
  State state;
  std::uint16_t clock;
  std::array<std::uint16_t, kWarpSize> known;  // the clocks of the warp's lanes that happened before; own clock apart
  const void* waits_at;                        // return address of the barrier or warp operation
  WarpKind kind;
  unsigned mask;
  int argument, width;
  std::uint64_t value;
};

struct Machine {
  std::uint16_t current = 0;
  Stamp now{};
  std::uint32_t launch_begin = 1, block_begin = 1;  // first intervals of this launch and block
  Range stack, arguments;                           // of the running thread; of the kernel
  std::vector<Thread> threads;
  const void* kernel = nullptr;
  void (*entry)(const void*) = nullptr;  // runs the kernel as one thread, on `call`
  const void* call = nullptr;
  bool clocks_moved = false;  // a __syncwarp since the last barrier
  std::size_t dynamic_shared_bytes = 0, static_shared_bytes = 0;
  std::vector<std::pair<std::uint32_t, uint3>> blocks;  // of this launch: first interval and index, in the order run
  std::string fault, read_before_write;                 // why the launch ends; see defer_fault
};
extern Machine machine;

// Whether this thread of the host runs a kernel just now; false: host code, whose accesses are its own business.
extern constinit thread_local bool running;
// Held by the thread that runs a kernel or changes what memory there is: ranks may be threads with a device each.
std::mutex& machine_mutex();

// Ends the launch with a KernelFault of the kernel's name and this sentence.
[[noreturn]] void fault(const std::string& what);

// The same at the end of the interval, unless until then a race is found: a read of what nobody wrote may be one that came too early.
void defer_fault(const std::string& what);
[[noreturn]] void race_fault(const std::string& what);

// "thread (3,0,0) of block (0,1,0)".
std::string thread_name(Stamp stamp);

// One access of the running thread; `at` is the return address into the kernel.
enum class Access : std::uint8_t { read, write, atomic };
void check_access(const void* address, unsigned bytes, Access access, const void* at);

}  // namespace alexnet::emulator
