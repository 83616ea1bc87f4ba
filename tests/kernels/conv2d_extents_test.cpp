#include "kernels/conv2d_extents.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace alexnet::test {
namespace {

TEST(Conv2dExtents, RefusesWhatItCannotCount) {
  const auto narrowed = [](std::int64_t N, Extent3 src) { return [=] { narrow(Conv2dShape::infer("conv", N, src, 1, 1, 1, {}, 1)); }; };
  expect_error(ExitCode::internal, {"conv2d on the GPU", "1073741825", "1073741824"}, narrowed(1025, {1, 1047553, 1}));
  EXPECT_EQ(narrow(Conv2dShape::infer("conv", 1024, {1024, 1024, 1}, 1, 1, 1, {}, 1)).pixels(), 1 << 30);
}

}  // namespace
}  // namespace alexnet::test
