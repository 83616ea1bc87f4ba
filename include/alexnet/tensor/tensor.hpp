// Buffer owns memory, Tensor is a view of it. What ops compute on and what the loader fills is allocated here alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/dtype.hpp"

namespace alexnet {

std::size_t dtype_bytes(DType dtype);
const char* dtype_name(DType dtype);

// Extents, outermost first; at most 4 in practice.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) : extents_(extents) {}
  explicit Shape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {}
  std::int64_t count() const;
  std::size_t rank() const { return extents_.size(); }
  std::int64_t operator[](std::size_t i) const { return extents_.at(i); }
  const std::vector<std::int64_t>& extents() const { return extents_; }
  std::string str() const;  // "(128, 55, 55, 96)"
  bool operator==(const Shape&) const = default;

 private:
  std::vector<std::int64_t> extents_;
};

// Memory begins at a multiple of this, and so does every part that a buffer is divided into. What CUDA's allocations have, and what
// cuBLASLt demands of its scratch and counts on for matrices; CPUs would do with a cache line.
inline constexpr std::size_t kAlignmentBytes = 256;
// `bytes` up to the next such multiple.
constexpr std::size_t aligned_bytes(std::size_t bytes) { return (bytes + kAlignmentBytes - 1) / kAlignmentBytes * kAlignmentBytes; }

// Memory of one device, released when the last copy goes.
class Buffer {
 public:
  Buffer() = default;
  // Uninitialised host memory. Throws Error(out_of_memory) with the size asked for and `what` it was for.
  static Buffer host(std::size_t bytes, const std::string& what);
  // Memory of another kind, for backends of other devices.
  static Buffer adopt(std::shared_ptr<std::byte> memory, std::size_t bytes);

  std::byte* data() const { return memory_.get(); }
  std::size_t bytes() const { return bytes_; }
  explicit operator bool() const { return memory_ != nullptr; }

 private:
  std::shared_ptr<std::byte> memory_;
  std::size_t bytes_ = 0;
};

// A contiguous view: start, shape, type. Cheap to copy; does not own. A const Tensor can be written through, like std::span.
class Tensor {
 public:
  Tensor() = default;
  Tensor(void* data, Shape shape, DType dtype) : data_(data), shape_(std::move(shape)), dtype_(dtype) {}

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t count() const { return shape_.count(); }
  std::size_t bytes() const { return static_cast<std::size_t>(count()) * dtype_bytes(dtype_); }
  bool empty() const { return data_ == nullptr; }
  void* raw() const { return data_; }
  // Throws Error(internal) when T is not the tensor's type.
  template <class T>
  T* data() const;
  // The same bytes under another shape of the same count.
  Tensor reshaped(Shape shape) const;

 private:
  void* data_ = nullptr;
  Shape shape_;
  DType dtype_ = DType::f32;
};

template <>
float* Tensor::data<float>() const;
template <>
BFloat16* Tensor::data<BFloat16>() const;
template <>
std::uint8_t* Tensor::data<std::uint8_t>() const;
template <>
std::int32_t* Tensor::data<std::int32_t>() const;

// Throws Error(internal) "what: shape (..) instead of (..)".
void check_tensor(const char* what, const Tensor& tensor, const Shape& shape, DType dtype);

}  // namespace alexnet
