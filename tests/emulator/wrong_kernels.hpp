// Kernels with one mistake each, and the same without it, for the tests of the execution model.
#pragma once

#include <cstddef>
#include <string>

namespace alexnet::emulator {

inline constexpr int kBlock = 64, kGrid = 2, kCount = kBlock * kGrid;

// Runs `<mistake>_kernel<true>` (wrong) or <false> over kCount floats.
void launch_mistake(const std::string& mistake, bool wrong, const float* src, float* dst);

// What the profile counts: dst = src in kCount floats, in three ways.
void launch_transpose(bool padded, const float* src, float* dst);  // of 32 x 32 floats, through shared memory
void launch_copy(int stride, const float* src, float* dst);        // every stride-th of kCount * stride
void launch_copy_vectors(const float* src, float* dst);

// One block of `threads`, with this much dynamic shared memory.
void launch_copy_with(int threads, std::size_t shared_bytes, const float* src, float* dst);

}  // namespace alexnet::emulator
