#include "lab/lab.hpp"

namespace alexnet::lab {
void scale(std::int64_t count, float factor, const float* src, float* dst, CudaStream stream);
}

int main() {
  using namespace alexnet::lab;
  return run("scale", [] {
    for (const std::size_t count : {1, 256, 1000}) {
      std::vector<float> expected = numbers(count);
      const DeviceArray<float> src("src", expected), dst("dst", count);
      scale(static_cast<std::int64_t>(count), 3, src.data(), dst.data(), nullptr);
      for (float& value : expected) value *= 3;
      expect_equal(dst, expected);
    }
  });
}
