#include "kernels/add.hpp"

#include <gtest/gtest.h>

#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

TEST(AddKernels, AddsElementByElement) {
  for_each_seed([] {
    for (const std::size_t count : {1, 5, 1024, 1027, 5000}) {
      const std::vector<float> a = random_floats(count, 1), b = random_floats(count, 2);
      const DeviceArray<float> dst("dst", a), src("src", b);
      add(static_cast<std::int64_t>(count), src.data(), dst.data(), nullptr);
      std::vector<float> expected;
      for (std::size_t i = 0; i < count; ++i) expected.push_back(a[i] + b[i]);
      EXPECT_EQ(dst.values(), expected) << count;
    }
  });
}

}  // namespace
}  // namespace alexnet::test
