// Max-pool on the GPU; see ops/pool.hpp. All pointers are to device memory, aligned to 16 bytes: src and diff_src (N,IH,IW,C), dst,
// diff_dst and winners (N,OH,OW,C).
#pragma once

#include <cstdint>

#include "alexnet/core/geometry.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

// A byte names one of 256 places in a window: 16x16 at most. A backend refuses larger kernels where it trains.
constexpr bool can_keep_winners(const PoolShape& shape) { return shape.KH * shape.KW <= 256; }

// winners: of each output the place kh*KW + kw of its maximum in the window; null: not kept, then a window may be of any size. Throws
// Error(internal) when they do not fit.
void max_pool_forward(const PoolShape& shape, const float* src, float* dst, std::uint8_t* winners, CudaStream stream);

void max_pool_backward_data(const PoolShape& shape, const float* diff_dst, const std::uint8_t* winners, float* diff_src, CudaStream stream);

}  // namespace alexnet
