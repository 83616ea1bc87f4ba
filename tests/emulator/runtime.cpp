// The functions of the CUDA runtime that launch kernels, with its refusals of shapes that no device takes.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <unordered_map>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"
#include "emulator/profile.hpp"
#include "emulator/schedule.hpp"
#include "emulator/source_lines.hpp"
#include "emulator/streams.hpp"

namespace alexnet::emulator {
namespace {

constexpr std::size_t kSharedWithoutAttribute = 48 * 1024;

// By kernel, what cudaFuncSetAttribute allowed.
std::unordered_map<const void*, std::size_t>& allowed_shared_bytes() {
  static std::unordered_map<const void*, std::size_t> bytes;
  return bytes;
}

bool is_valid(dim3 grid, dim3 block) {
  return grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7fffffffU && grid.y <= 65535 && grid.z <= 65535 && block.x > 0 &&
         block.y > 0 && block.z > 0 && block.z <= 64 && std::uint64_t{block.x} * block.y * block.z <= kMostThreads;
}

}  // namespace

Options& options() {
  static Options made;
  return made;
}

cudaError_t run_grid(const cudaLaunchConfig_t& config, const void* kernel, void (*entry)(const void*), const void* call,
                     std::size_t call_bytes) {
  if (!is_valid(config.gridDim, config.blockDim)) return cudaErrorInvalidConfiguration;
  if (const cudaError_t error = begin_in(config.stream); error != cudaSuccess) return error;
  const std::lock_guard lock(machine_mutex());
  if (config.dynamicSmemBytes > std::max(kSharedWithoutAttribute, allowed_shared_bytes()[kernel])) return cudaErrorInvalidValue;
  global_memory();
  shared_memory().move_to_this_thread();
  machine.kernel = kernel;
  machine.entry = entry;
  machine.call = call;
  machine.arguments = {reinterpret_cast<std::uintptr_t>(call), call_bytes};
  machine.dynamic_shared_bytes = config.dynamicSmemBytes;
  machine.static_shared_bytes = 0;
  machine.fault.clear();
  machine.read_before_write.clear();
  machine.blocks.clear();
  machine.threads.resize(std::size_t{config.blockDim.x} * config.blockDim.y * config.blockDim.z);
  machine.launch_begin = ++machine.now.interval;
  grid_extent = {config.gridDim.x, config.gridDim.y, config.gridDim.z};
  block_extent = {config.blockDim.x, config.blockDim.y, config.blockDim.z};

  std::mt19937_64 random(options().seed);
  std::vector<std::uint64_t> order(std::uint64_t{grid_extent.x} * grid_extent.y * grid_extent.z);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (const std::uint64_t b : order) {
    block_index = {static_cast<unsigned>(b % grid_extent.x), static_cast<unsigned>(b / grid_extent.x % grid_extent.y),
                   static_cast<unsigned>(b / grid_extent.x / grid_extent.y)};
    machine.block_begin = machine.now.interval;
    machine.blocks.emplace_back(machine.block_begin, block_index);
    run_block(random);
  }
  device_state().clock_ms += 1e-6 * static_cast<double>(order.size() * machine.threads.size());
  return cudaSuccess;
}

std::uint64_t atomic_load(const void* address, unsigned bytes) {
  yield();
  check_access(address, bytes, Access::atomic, __builtin_return_address(0));
  std::uint64_t bits = 0;
  std::memcpy(&bits, address, bytes);
  return bits;
}

void atomic_store(void* address, unsigned bytes, std::uint64_t bits) { std::memcpy(address, &bits, bytes); }

}  // namespace alexnet::emulator

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorDevicesUnavailable:
      return "CUDA-capable device(s) is/are busy or unavailable";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorNoKernelImageForDevice:
      return "no kernel image is available for execution on the device";
    default:
      return "invalid configuration argument";
  }
}

cudaError_t cudaFuncGetName(const char** name, const void* kernel) {
  static thread_local std::string kept;
  kept = alexnet::emulator::kernel_name(kernel);
  *name = kept.c_str();
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute, int value) {
  const std::lock_guard lock(alexnet::emulator::machine_mutex());
  const auto bytes = static_cast<std::size_t>(value);
  if (value < 0 || bytes > alexnet::emulator::options().shared_limit_bytes) return cudaErrorInvalidValue;
  alexnet::emulator::allowed_shared_bytes()[kernel] = bytes;
  return cudaSuccess;
}
