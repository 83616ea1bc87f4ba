// Dynamic shared memory: the bytes that a launch asks for. One declaration, since all kernels' share one name.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

extern __shared__ float4 dynamic_shared[];

}  // namespace alexnet
