// The type of CUDA's streams for headers that know nothing else of CUDA.
#pragma once

struct CUstream_st;

namespace alexnet {

using CudaStream = CUstream_st*;

}  // namespace alexnet
