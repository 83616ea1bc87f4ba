// Every load and store of a kernel ends here: may this thread touch these bytes, and may it now? The rules are in shadow.hpp.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"
#include "emulator/profile.hpp"
#include "emulator/source_lines.hpp"

namespace alexnet::emulator {
namespace {

constexpr std::size_t kStaticSharedLimit = 48 * 1024;

const char* verb(Access access) { return access == Access::read ? "reads" : access == Access::write ? "writes" : "updates atomically"; }

// Accesses with stamps before `horizon` do not count: those of earlier launches, or for shared memory of earlier blocks.
bool is_ordered(Stamp before, std::uint32_t horizon) {
  if (before.interval < horizon) return true;
  if (before.interval < machine.block_begin) return false;
  if (before.interval != machine.now.interval || before.thread == machine.current) return true;
  return before.thread / kWarpSize == machine.current / kWarpSize &&
         before.clock <= machine.threads[machine.current].known[before.thread % kWarpSize];
}

[[noreturn]] void race(std::uintptr_t address, Access access, const void* at, Stamp other, std::uint32_t other_at, const char* did) {
  const bool same_block = other.interval >= machine.block_begin;
  race_fault(fmt::format("race: {} {} {} at {}, which {} {} at {} {}", thread_name(machine.now), verb(access), memory_name(address),
                         source_line(at).name(), thread_name(other), did, source_line(long_address(other_at)).name(),
                         same_block ? "with no barrier between" : "in the same launch"));
}

// Of the last reader and the other one, the one that a coming write is less likely to be ordered with stays.
void note_read(Cell& cell, unsigned bytes, std::uint32_t at, std::uint32_t horizon) {
  const Stamp last = cell.read, other = cell.other_read, now = machine.now;
  const std::uint32_t last_at = cell.read_at;
  cell.read = now;
  cell.read_at = at;
  if (last == now) {
    cell.read_bytes = (cell.read_bytes | bytes) & 15U;
    return;
  }
  const auto of_another_block = [&](Stamp s) { return s.interval >= horizon && s.interval < machine.block_begin; };
  const auto matters = [&](Stamp s) { return s.interval == now.interval || of_another_block(s); };
  const auto of_this_warp = [&](Stamp s) { return s.interval == now.interval && s.thread / kWarpSize == now.thread / kWarpSize; };
  const bool is_other_thread = last.thread != now.thread || of_another_block(last);
  const bool keep_other = matters(other) && of_this_warp(last) && !of_this_warp(other);
  if (matters(last) && is_other_thread && !keep_other) {
    cell.other_read = last;
    cell.other_read_at = last_at;
    cell.other_read_bytes = cell.read_bytes;
  }
  cell.read_bytes = bytes & 15U;
}

// `bytes`: a bit for each byte of the word.
void check_word(Cell& cell, std::uintptr_t address, unsigned bytes, Access access, const void* at, bool is_shared) {
  const std::uint32_t horizon = is_shared ? machine.block_begin : machine.launch_begin;
  if (is_shared && cell.write.interval < machine.block_begin) cell.initialised = 0;  // what an earlier block wrote
  const bool both_atomic = access == Access::atomic && cell.write_is_atomic != 0;
  if ((cell.write_bytes & bytes) != 0 && !both_atomic && !is_ordered(cell.write, horizon)) {
    race(address, access, at, cell.write, cell.write_at, "wrote");
  }
  if (access != Access::write && (cell.initialised & bytes) != bytes && machine.read_before_write.empty()) {
    defer_fault(fmt::format("uninitialised: {} {} {} at {}, which {}", thread_name(machine.now), verb(access), memory_name(address),
                            source_line(at).name(), is_shared ? "no thread of the block wrote" : "nobody wrote"));
  }
  const std::uint32_t where = short_address(at);
  if (access == Access::read) return note_read(cell, bytes, where, horizon);
  if ((cell.read_bytes & bytes) != 0 && !is_ordered(cell.read, horizon)) race(address, access, at, cell.read, cell.read_at, "read");
  if ((cell.other_read_bytes & bytes) != 0 && !is_ordered(cell.other_read, horizon)) {
    race(address, access, at, cell.other_read, cell.other_read_at, "read");
  }
  cell.initialised = (cell.initialised | bytes) & 15U;
  cell.write_bytes = bytes & 15U;
  cell.write = machine.now;
  cell.write_at = where;
  cell.write_is_atomic = access == Access::atomic ? 1 : 0;
}

// The first touch by a launch: the variable's bytes count for the block; static ones together have a limit of their own.
void count_shared(SharedVariable& variable, const void* at) {
  variable.launch = machine.launch_begin;
  if (variable.is_dynamic) return;
  if (!variable.kernel.empty() && variable.kernel != kernel_name(machine.kernel)) {
    fault(fmt::format("out of bounds: {} touches shared memory '{}' of {} at {}", thread_name(machine.now), variable.name, variable.kernel,
                      source_line(at).name()));
  }
  machine.static_shared_bytes += variable.range.bytes;
  if (machine.static_shared_bytes > kStaticSharedLimit) {
    fault(fmt::format("too much shared memory: {} bytes of __shared__ variables up to '{}', touched at {}; {} are the limit",
                      machine.static_shared_bytes, variable.name, source_line(at).name(), kStaticSharedLimit));
  }
  if (machine.static_shared_bytes + machine.dynamic_shared_bytes > options().shared_limit_bytes) {
    fault(fmt::format("too much shared memory: {} bytes of __shared__ variables and {} bytes of the launch; {} are the limit",
                      machine.static_shared_bytes, machine.dynamic_shared_bytes, options().shared_limit_bytes));
  }
}

[[noreturn]] void out_of_bounds(std::uintptr_t address, unsigned bytes, Access access, const void* at, const char* why) {
  fault(fmt::format("{}: {} {} {} bytes at {}, line {}", why, thread_name(machine.now), verb(access), bytes, memory_name(address),
                    source_line(at).name()));
}

void check_shared(std::uintptr_t address, unsigned bytes, Access access, const void* at) {
  SharedMemory& memory = shared_memory();
  const std::uint16_t index = memory.variable_of_word[(address - memory.range.begin) / kWordBytes];
  if (index == 0) out_of_bounds(address, bytes, access, at, "out of bounds");
  SharedVariable& variable = memory.variables[index - 1U];
  const std::size_t size = variable.is_dynamic ? machine.dynamic_shared_bytes : variable.range.bytes;
  if (address - variable.range.begin + bytes > size) out_of_bounds(address, bytes, access, at, "out of bounds");
  if (variable.launch != machine.launch_begin) count_shared(variable, at);
}

void check_global(std::uintptr_t address, unsigned bytes, Access access, const void* at) {
  const GlobalMemory& memory = global_memory();
  const NamedMemory& buffer = memory.buffers[memory.buffer_of(address)];
  if (address - buffer.range.begin > buffer.range.bytes || address - buffer.range.begin + bytes > buffer.range.bytes) {
    out_of_bounds(address, bytes, access, at, "out of bounds");
  }
  if (!buffer.live) out_of_bounds(address, bytes, access, at, "freed buffer");
}

void check_running(std::uintptr_t address, unsigned bytes, Access access, const void* at) {
  const bool is_global = global_memory().range.holds(address);
  const bool is_shared = !is_global && shared_memory().range.holds(address);
  // The stack of a thread of the host ends close to its shared memory: an argument may lie in the band before that.
  if (!is_global && access == Access::read && machine.arguments.holds(address)) return;
  if (!is_global && !is_shared) {
    out_of_bounds(address, bytes, access, at, "out of bounds, neither in a buffer nor in shared memory");
  }
  if (is_shared) {
    check_shared(address, bytes, access, at);
  } else {
    check_global(address, bytes, access, at);
  }
  if ((bytes & (bytes - 1)) == 0 && (address & (bytes - 1)) != 0) out_of_bounds(address, bytes, access, at, "misaligned");
  Cell* cell = is_shared ? &shared_memory().cell(address) : &global_memory().cell(address);
  const unsigned first = address % kWordBytes;
  if (first + bytes <= kWordBytes) {
    check_word(*cell, address, ((1U << bytes) - 1U) << first, access, at, is_shared);
  } else {
    for (unsigned done = 0; done < bytes; ++cell) {
      const unsigned from = (first + done) % kWordBytes, count = std::min(kWordBytes - from, bytes - done);
      check_word(*cell, address + done, ((1U << count) - 1U) << from, access, at, is_shared);
      done += count;
    }
  }
  if (recording()) record_access(address, bytes, is_shared, access, at);
}

}  // namespace

void check_access(const void* address, unsigned bytes, Access access, const void* at) {
  // First what is most frequent and nothing to check: a thread's arrays, which the host keeps in memory.
  if (!running || machine.stack.holds(reinterpret_cast<std::uintptr_t>(address))) return;
  running = false;  // what the checks call may be code that the kernels' compilation instrumented too
  check_running(reinterpret_cast<std::uintptr_t>(address), bytes, access, at);
  running = true;
}

}  // namespace alexnet::emulator
