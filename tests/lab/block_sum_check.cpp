#include <numeric>

#include "lab/lab.hpp"

namespace alexnet::lab {
void block_sum(unsigned num_blocks, const float* src, float* sums, CudaStream stream);
}

int main() {
  using namespace alexnet::lab;
  return run("block_sum", [] {
    constexpr unsigned kBlocks = 3;
    const std::vector<float> values = numbers(kBlocks * 256);
    std::vector<float> expected(kBlocks);
    for (unsigned b = 0; b < kBlocks; ++b) expected[b] = std::accumulate(values.begin() + 256 * b, values.begin() + 256 * (b + 1), 0.0F);
    const DeviceArray<float> src("src", values), sums("sums", kBlocks);
    const alexnet::emulator::Profile profile;
    block_sum(kBlocks, src.data(), sums.data(), nullptr);
    expect_equal(sums, expected);
    expect_ideal(profile);
  });
}
