#include "alexnet/tensor/tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "alexnet/core/error.hpp"

namespace alexnet {

std::size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::bf16:
      return 2;
    case DType::u8:
      return 1;
  }
  fail(ExitCode::internal, "unknown dtype {}", static_cast<int>(dtype));
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::i32:
      return "i32";
    case DType::bf16:
      return "bf16";
    case DType::u8:
      return "u8";
  }
  return "?";
}

std::int64_t Shape::count() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents_) count *= extent;
  return count;
}

std::string Shape::str() const { return fmt::format("({})", fmt::join(extents_, ", ")); }

Buffer Buffer::host(std::size_t bytes, const std::string& what) {
  const std::size_t rounded = aligned_bytes(bytes);
  auto* memory = static_cast<std::byte*>(rounded == 0 ? nullptr : std::aligned_alloc(kAlignmentBytes, rounded));
  if (memory == nullptr && rounded != 0) {
    fail(ExitCode::out_of_memory, "{}: {:.1f} MiB of host memory are not to be had; use a smaller train.batch_size", what,
         static_cast<double>(bytes) / (1 << 20));
  }
  return adopt(std::shared_ptr<std::byte>(memory, [](std::byte* p) { std::free(p); }), bytes);
}

Buffer Buffer::adopt(std::shared_ptr<std::byte> memory, std::size_t bytes) {
  Buffer buffer;
  buffer.memory_ = std::move(memory);
  buffer.bytes_ = bytes;
  return buffer;
}

namespace {
template <class T>
T* typed(void* data, DType have, DType want) {
  if (have != want) fail(ExitCode::internal, "tensor of type {} read as {}", dtype_name(have), dtype_name(want));
  return static_cast<T*>(data);
}
}  // namespace

template <>
float* Tensor::data<float>() const {
  return typed<float>(data_, dtype_, DType::f32);
}
template <>
BFloat16* Tensor::data<BFloat16>() const {
  return typed<BFloat16>(data_, dtype_, DType::bf16);
}
template <>
std::uint8_t* Tensor::data<std::uint8_t>() const {
  return typed<std::uint8_t>(data_, dtype_, DType::u8);
}
template <>
std::int32_t* Tensor::data<std::int32_t>() const {
  return typed<std::int32_t>(data_, dtype_, DType::i32);
}

Tensor Tensor::reshaped(Shape shape) const {
  if (shape.count() != count()) fail(ExitCode::internal, "tensor {} reshaped to {}", shape_.str(), shape.str());
  return {data_, std::move(shape), dtype_};
}

void check_tensor(const char* what, const Tensor& tensor, const Shape& shape, DType dtype) {
  if (tensor.dtype() != dtype || !(tensor.shape() == shape)) {
    fail(ExitCode::internal, "{}: {} {} instead of {} {}", what, dtype_name(tensor.dtype()), tensor.shape().str(), dtype_name(dtype),
         shape.str());
  }
}

}  // namespace alexnet
