// What each thread of a warp, and the threads of a grid together, get from CUDA's functions.
#pragma once

namespace alexnet::emulator {

struct WarpResults {
  int from_lane_3, from_lane_1_of_8, up_2_of_16;
  float down_4;
  double exchanged_16;
  unsigned odd, upper_half;
  int any_31, any_32, all_below_32, all_below_31;
};

struct AtomicResults {
  int int_sum = 0, largest = 0, first = -1;
  unsigned unsigned_sum = 0, winners = 0;
  float float_sum = 0;
  unsigned long long long_sum = 0;
};

void launch_warp_functions(WarpResults* results);      // of 64 threads
void launch_atomic_functions(AtomicResults* results);  // by 192 threads

}  // namespace alexnet::emulator
