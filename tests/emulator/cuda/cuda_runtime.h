// What a kernel file sees of CUDA when the host compiler builds it: this folder stands before CUDA's own in the search path. Qualifiers
// vanish, shared memory is thread_local (one variable for the block that runs, and `extern` may stand before it), barriers and warp
// operations are calls into the model (schedule.cpp), vector types report their copies as one access. Add names here as kernels need them.
#pragma once

#include <math.h>  // NOLINT: the global names expf, isfinite ... as CUDA has them

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "device_functions.h"
#include "host_functions.h"
#include "vector_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
// constinit: no guard variable, even for vectors. The alignment leaves a gap behind most, so that overruns are seen.
#define __shared__ constinit thread_local __attribute__((aligned(1024)))
#define __launch_bounds__(...)

// Each thread sees its own; plain constants, whose reads the compiler does not report (the model writes them under these names).
extern const uint3 threadIdx asm("alexnet_emulator_thread_index");
extern const uint3 blockIdx asm("alexnet_emulator_block_index");
extern const uint3 blockDim asm("alexnet_emulator_block_extent");
extern const uint3 gridDim asm("alexnet_emulator_grid_extent");
inline constexpr int warpSize = 32;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

namespace alexnet::emulator {

// Runs entry(call) as every thread of the grid; [call, call + call_bytes) holds the kernel's arguments. Throws KernelFault.
cudaError_t run_grid(const cudaLaunchConfig_t& config, const void* kernel, void (*entry)(const void*), const void* call,
                     std::size_t call_bytes);

}  // namespace alexnet::emulator

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> arguments;
  };
  const Call call{kernel, {std::forward<Arguments>(arguments)...}};
  const auto entry = [](const void* c) { std::apply(static_cast<const Call*>(c)->kernel, static_cast<const Call*>(c)->arguments); };
  return alexnet::emulator::run_grid(*config, reinterpret_cast<const void*>(kernel), entry, &call, sizeof call);
}
