// Indices as three digits (a pixel: image, row, column; a tap: row, column, channel) that are moved on by a fixed step without division.
#pragma once

#include <cuda_runtime.h>

namespace alexnet {

struct Digits {
  int high, middle, low;
};

// A number in mixed radix: `low` and `middle` are the extents of the lower digits, the highest has no end.
class Counter {
 public:
  Counter(int middle, int low, int step) : middle_(middle), low_(low), step_(digits(step)) {}

  __host__ __device__ __forceinline__ Digits digits(int index) const {
    const int above = index / low_;
    return {above / middle_, above % middle_, index % low_};
  }

  // index += step. The step's lower digits are below the extents: each can carry at most once.
  __device__ __forceinline__ void advance(Digits& d) const {
    d.low += step_.low;
    d.middle += step_.middle;
    d.high += step_.high;
    if (d.low >= low_) {
      d.low -= low_;
      ++d.middle;
    }
    if (d.middle >= middle_) {
      d.middle -= middle_;
      ++d.high;
    }
  }

 private:
  int middle_, low_;
  Digits step_;
};

}  // namespace alexnet
