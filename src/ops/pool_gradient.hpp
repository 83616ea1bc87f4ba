// The gradients of both pools for bf16: oneDNN's jit kernels would add up the overlapping windows in bf16, rounding after every addition.
// A row of diff_src is added up in f32 and rounded once. diff_dst (N,OH,OW,C), diff_src (N,IH,IW,C).
#pragma once

#include <cstddef>
#include <cstdint>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/geometry.hpp"

namespace alexnet {

// A row in f32 for each thread.
std::size_t pool_gradient_scratch_bytes(const PoolShape& shape, int num_threads);

// winners (N,OH,OW,C): kh * KW + kw of each output's winner.
void max_pool_gradient(const PoolShape& shape, const std::uint8_t* winners, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                       std::byte* scratch);
void max_pool_gradient(const PoolShape& shape, const std::int32_t* winners, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                       std::byte* scratch);

void average_pool_gradient(const PoolShape& shape, bool count_pad, const BFloat16* diff_dst, BFloat16* diff_src, int num_threads,
                           std::byte* scratch);

}  // namespace alexnet
