#include "alexnet/tensor/tensor.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

TEST(DType, BytesAndNames) {
  EXPECT_EQ(dtype_bytes(DType::f32), 4U);
  EXPECT_EQ(dtype_bytes(DType::i32), 4U);
  EXPECT_EQ(dtype_bytes(DType::bf16), 2U);
  EXPECT_EQ(dtype_bytes(DType::u8), 1U);
  EXPECT_STREQ(dtype_name(DType::f32), "f32");
  EXPECT_STREQ(dtype_name(DType::i32), "i32");
  EXPECT_STREQ(dtype_name(DType::bf16), "bf16");
  EXPECT_STREQ(dtype_name(DType::u8), "u8");
}

TEST(Shape, CountsAndPrints) {
  const Shape shape{128, 55, 55, 96};
  EXPECT_EQ(shape.count(), 128LL * 55 * 55 * 96);
  EXPECT_EQ(shape.rank(), 4U);
  EXPECT_EQ(shape[3], 96);
  EXPECT_THROW(shape[4], std::out_of_range);
  EXPECT_EQ(shape.str(), "(128, 55, 55, 96)");
  EXPECT_EQ(Shape().count(), 1);  // a scalar
  EXPECT_EQ((Shape{3, 0}).count(), 0);
  EXPECT_EQ((Shape{60000, 60000, 3}).count(), 10800000000LL);  // beyond 32 bits
  EXPECT_EQ(shape, (Shape{128, 55, 55, 96}));
  EXPECT_FALSE(shape == (Shape{128, 55, 96, 55}));
}

TEST(Buffer, HostMemoryIsAlignedAndShared) {
  for (const std::size_t bytes : {1, 63, 64, 65, 100000}) {
    const Buffer buffer = Buffer::host(bytes, "test");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kAlignmentBytes, 0U);
    EXPECT_EQ(buffer.bytes(), bytes);
    EXPECT_TRUE(static_cast<bool>(buffer));
    const Buffer copy = buffer;
    EXPECT_EQ(copy.data(), buffer.data());
  }
  EXPECT_FALSE(static_cast<bool>(Buffer()));
  EXPECT_EQ(Buffer::host(0, "nothing").bytes(), 0U);
}

TEST(Buffer, IsReleasedWithTheLastCopy) {
  bool released = false;
  {
    Buffer first = Buffer::adopt(std::shared_ptr<std::byte>(new std::byte[8],
                                                            [&](const std::byte* p) {
                                                              released = true;
                                                              delete[] p;
                                                            }),
                                 8);
    const Buffer second = first;
    first = Buffer();
    EXPECT_FALSE(released);
    EXPECT_EQ(second.bytes(), 8U);
  }
  EXPECT_TRUE(released);
}

TEST(Buffer, MemoryThatIsNotThere) {
  expect_error(ExitCode::out_of_memory, {"activations", "MiB", "train.batch_size"},
               [] { Buffer::host(std::size_t{1} << 60, "activations"); });
}

TEST(Tensor, IsATypedView) {
  const Buffer buffer = Buffer::host(24, "test");
  const Tensor tensor(buffer.data(), {2, 3}, DType::f32);
  EXPECT_EQ(tensor.count(), 6);
  EXPECT_EQ(tensor.bytes(), 24U);
  EXPECT_EQ(tensor.raw(), buffer.data());
  EXPECT_FALSE(tensor.empty());
  EXPECT_TRUE(Tensor().empty());
  tensor.data<float>()[5] = 7;
  EXPECT_EQ(tensor.reshaped({3, 2}).data<float>()[5], 7);
  EXPECT_EQ(tensor.reshaped({3, 2}).shape().str(), "(3, 2)");
  EXPECT_EQ(Tensor(buffer.data(), {24}, DType::u8).data<std::uint8_t>(), static_cast<void*>(buffer.data()));
  EXPECT_EQ(Tensor(buffer.data(), {6}, DType::i32).data<std::int32_t>(), static_cast<void*>(buffer.data()));
}

TEST(Tensor, RefusesOtherTypesAndCounts) {
  const Buffer buffer = Buffer::host(24, "test");
  const Tensor tensor(buffer.data(), {2, 3}, DType::f32);
  expect_error(ExitCode::internal, {"f32", "i32"}, [&] { tensor.data<std::int32_t>(); });
  expect_error(ExitCode::internal, {"f32", "u8"}, [&] { tensor.data<std::uint8_t>(); });
  expect_error(ExitCode::internal, {"i32", "f32"}, [&] { Tensor(buffer.data(), {6}, DType::i32).data<float>(); });
  expect_error(ExitCode::internal, {"(2, 3)", "(2, 4)"}, [&] { tensor.reshaped({2, 4}); });
}

TEST(Tensor, CheckTensorNamesWhatDiffers) {
  const Buffer buffer = Buffer::host(24, "test");
  const Tensor tensor(buffer.data(), {2, 3}, DType::f32);
  EXPECT_NO_THROW(check_tensor("lrn: src", tensor, {2, 3}, DType::f32));
  expect_error(ExitCode::internal, {"lrn: src", "(2, 3)", "instead of", "(3, 2)"}, [&] {
    check_tensor("lrn: src", tensor, {3, 2}, DType::f32);
  });
  expect_error(ExitCode::internal, {"lrn: src", "f32", "instead of", "i32"}, [&] { check_tensor("lrn: src", tensor, {2, 3}, DType::i32); });
}

}  // namespace
}  // namespace alexnet
