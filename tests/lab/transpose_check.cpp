#include "lab/lab.hpp"

namespace alexnet::lab {
void transpose(unsigned rows, unsigned columns, const float* src, float* dst, CudaStream stream);
}

int main() {
  using namespace alexnet::lab;
  return run("transpose", [] {
    constexpr unsigned kRows = 64, kColumns = 96;
    const std::vector<float> values = numbers(kRows * kColumns);
    std::vector<float> expected(values.size());
    for (unsigned r = 0; r < kRows; ++r) {
      for (unsigned c = 0; c < kColumns; ++c) expected[c * kRows + r] = values[r * kColumns + c];
    }
    const DeviceArray<float> src("src", values), dst("dst", values.size());
    const alexnet::emulator::Profile profile;
    transpose(kRows, kColumns, src.data(), dst.data(), nullptr);
    expect_equal(dst, expected);
    expect_ideal(profile);
  });
}
