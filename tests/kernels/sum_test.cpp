#include "kernels/sum.hpp"

#include <gtest/gtest.h>

#include "kernels/seeds.hpp"

namespace alexnet::test {
namespace {

using emulator::DeviceArray;

TEST(SumKernels, AddInTheOrderOfThePieces) {
  for_each_seed([] {
    for (const std::size_t count : {1, 5, 256, 1027}) {
      const std::vector<float> a = random_floats(count, 1), b = random_floats(count, 2), c = random_floats(count, 3);
      std::vector<float> expected;
      for (std::size_t i = 0; i < count; ++i) expected.push_back(a[i] + b[i] + c[i]);
      for (const int dst_is : {0, 1, 2, 3}) {
        const DeviceArray<float> x("x", a), y("y", b), z("z", c), other("other", count);
        const DeviceArray<float>* arrays[] = {&x, &y, &z, &other};
        const float* srcs[] = {x.data(), y.data(), z.data()};
        sum(srcs, static_cast<std::int64_t>(count), arrays[dst_is]->data(), nullptr);
        EXPECT_EQ(arrays[dst_is]->values(), expected) << count << " into " << dst_is;
      }
    }
  });
}

}  // namespace
}  // namespace alexnet::test
