#include "kernels/common/launch.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kSharedOfEveryKernel = 48 * 1024;

}  // namespace

void check_launch(cudaError_t error, const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes) {
  if (error == cudaSuccess) return;
  const char* name = nullptr;
  if (cudaFuncGetName(&name, kernel) != cudaSuccess) name = "a kernel";
  fail(ExitCode::internal, "launch of {}, grid ({},{},{}), block ({},{},{}), {} bytes of shared memory: {}", name, grid.x, grid.y, grid.z,
       block.x, block.y, block.z, shared_bytes, cudaGetErrorString(error));
}

cudaError_t allow_shared(const void* kernel, std::size_t shared_bytes) {
  if (shared_bytes <= kSharedOfEveryKernel) return cudaSuccess;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
}

}  // namespace alexnet
