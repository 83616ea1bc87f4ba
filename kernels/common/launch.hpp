// The one place where the program launches a kernel.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "kernels/common/stream.hpp"

namespace alexnet {

// Throws Error(internal) that names the kernel and the launch when `error` says that it failed.
void check_launch(cudaError_t error, const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes);

// Lets a block of the kernel have more than the 48 KiB of dynamic shared memory that every kernel may have.
cudaError_t allow_shared(const void* kernel, std::size_t shared_bytes);

// Launches `kernel` on `stream`; a grid without blocks does nothing. shared_bytes: dynamic shared memory of a block (shared.cuh).
// Throws Error(internal).
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, CudaStream stream, Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  const void* entry = reinterpret_cast<const void*>(kernel);
  check_launch(allow_shared(entry, shared_bytes), entry, grid, block, shared_bytes);
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  check_launch(cudaLaunchKernelEx(&config, kernel, arguments...), entry, grid, block, shared_bytes);
}

// Blocks of `per_block` that cover `count`.
inline unsigned blocks_for(std::int64_t count, std::int64_t per_block) {
  return static_cast<unsigned>((count + per_block - 1) / per_block);
}

}  // namespace alexnet
