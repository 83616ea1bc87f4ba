// Normalisation over a square of pixels on the GPU; see ops/spatial_norm.hpp. All pointers are to (N,H,W,C) floats in device memory.
#pragma once

#include <cstddef>

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// Any shape; Error(internal) when a window of more than 120 pixels in as large a map leaves no room in a block's shared memory.
void spatial_norm_forward(const SpatialNormShape& shape, const float* src, float* dst, CudaStream stream);

// scratch: spatial_norm_backward_data_scratch_bytes(shape), as large as src.
std::size_t spatial_norm_backward_data_scratch_bytes(const SpatialNormShape& shape);
void spatial_norm_backward_data(const SpatialNormShape& shape, const float* src, const float* diff_dst, float* diff_src, float* scratch,
                                CudaStream stream);

}  // namespace alexnet
