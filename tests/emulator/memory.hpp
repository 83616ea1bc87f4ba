// Where global and shared memory lie in the process, what is called how, and the cells of shadow.hpp that belong to them. Flat arrays, so
// that an access finds its cell by a subtraction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/machine.hpp"

namespace alexnet::emulator {

struct NamedMemory {
  std::string name;
  Range range;
  bool live = true;
};

// Global memory: one reserved range of addresses; buffers start on pages and have at least a page of nothing on both sides.
struct GlobalMemory {
  Range range;
  Cell* cells;
  std::vector<NamedMemory> buffers;
  std::vector<std::uint32_t> buffer_of_page;  // with the guard bands around it; 0: none
  std::uintptr_t next;                        // of the first page not given out

  GlobalMemory();
  std::uint32_t allocate(const std::string& name, std::size_t bytes);
  void release(std::uint32_t buffer);
  Cell& cell(std::uintptr_t address) { return cells[(address - range.begin) / kWordBytes]; }
  std::uint32_t buffer_of(std::uintptr_t address) const { return buffer_of_page[(address - range.begin) >> 12]; }
};
GlobalMemory& global_memory();

// Shared memory: the program's thread_local variables of functions, found by their symbols, and dynamic_shared.
struct SharedVariable {
  std::string name, kernel;  // kernel: "" for one of a device function
  Range range;
  bool is_dynamic;
  std::uint32_t launch = 0;  // first interval of the launch that touched it last: its bytes count once
};

struct SharedMemory {
  Range range;
  std::vector<Cell> cells;
  std::vector<SharedVariable> variables;
  std::vector<std::uint16_t> variable_of_word;  // index + 1; 0: between variables

  SharedMemory();
  void move_to_this_thread();  // whose variables a kernel uses that it runs
  Cell& cell(std::uintptr_t address) { return cells[(address - range.begin) / kWordBytes]; }
};
SharedMemory& shared_memory();

// For copies by the host: notes that the bytes hold something; throws KernelFault that names the first that nobody wrote.
void mark_written(const void* begin, std::size_t bytes);
void check_written(const void* begin, std::size_t bytes);

// "'src' + 12 bytes" or "shared memory 'tile' + 12 bytes".
std::string memory_name(std::uintptr_t address);

}  // namespace alexnet::emulator
