// The scheduler's functions that barriers, warp operations and atomics share; private to tests/emulator.
#pragma once

#include <random>
#include <string>

#include "emulator/machine.hpp"

namespace alexnet::emulator {

// Runs all threads of the block that machine and the indices describe.
void run_block(std::mt19937_64& random);

// Called on a thread's stack, with machine.running off; the first comes back when the thread is chosen again.
void switch_thread();
void yield();  // lets any thread run
void make_ready(unsigned thread);
void complete_warp_operations_without(unsigned finished_thread);

uint3 thread_of(unsigned index);
bool same_line(const void* a, const void* b);
std::string doing(unsigned thread);  // "thread (3,0,0) of block (0,0,0) waits at the barrier of kernels/sum.cu:12"

}  // namespace alexnet::emulator
