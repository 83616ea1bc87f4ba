// Whether this program holds code for the GPU at hand; see the architectures in CMakeLists.txt.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

// cudaSuccess, or why the current device cannot run the program's kernels.
cudaError_t find_device_code();

}  // namespace alexnet
