// One thread a value: what CUDA's warp operations and atomics give, for functions_test.cpp.
#include "emulator/function_kernels.hpp"
#include "kernels/common/launch.hpp"

namespace alexnet::emulator {
namespace {

constexpr unsigned kAll = 0xffffffffU;

__global__ void warp_functions_kernel(WarpResults* results) {
  const auto lane = static_cast<int>(threadIdx.x % 32);
  WarpResults& r = results[threadIdx.x];
  r.from_lane_3 = __shfl_sync(kAll, lane, 3);
  r.from_lane_1_of_8 = __shfl_sync(kAll, lane, 1, 8);
  r.up_2_of_16 = __shfl_up_sync(kAll, lane, 2, 16);
  r.down_4 = __shfl_down_sync(kAll, static_cast<float>(lane), 4);
  r.exchanged_16 = __shfl_xor_sync(kAll, static_cast<double>(lane) / 3, 16);
  r.odd = __ballot_sync(kAll, lane % 2);
  r.upper_half = lane < 16 ? 0 : __ballot_sync(0xffff0000U, 1);
  r.any_31 = __any_sync(kAll, lane == 31 ? 7 : 0);
  r.any_32 = __any_sync(kAll, lane == 32 ? 7 : 0);
  r.all_below_32 = __all_sync(kAll, lane < 32 ? 1 : 0);
  r.all_below_31 = __all_sync(kAll, lane < 31 ? 1 : 0);
}

__global__ void atomic_functions_kernel(AtomicResults* results) {
  const auto i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(&results->int_sum, i);
  atomicAdd(&results->unsigned_sum, 1U);
  atomicAdd(&results->long_sum, 1ULL << 33);
  atomicAdd(&results->float_sum, 0.5F);
  atomicMax(&results->largest, i % 50);
  if (atomicCAS(&results->first, -1, i) == -1) atomicAdd(&results->winners, 1U);
}

}  // namespace

void launch_warp_functions(WarpResults* results) { launch(warp_functions_kernel, 1, 64, 0, nullptr, results); }
void launch_atomic_functions(AtomicResults* results) { launch(atomic_functions_kernel, 3, 64, 0, nullptr, results); }

}  // namespace alexnet::emulator
