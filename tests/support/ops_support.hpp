// What the tests of ops share: tensors between guard bands, inputs, comparison against the reference, memory bound to an op.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "alexnet/ops/op.hpp"
#include "alexnet/reference/tolerance.hpp"
#include "alexnet/tensor/tensor.hpp"
#include "support/expect_error.hpp"
#include "support/reduced.hpp"

namespace alexnet::test {

using Doubles = std::vector<double>;

using alexnet::reduced;

// Memory with a guard band of 4 KiB before and after it. Bands and contents start as f32 NaNs of a pattern of their own: a read beyond
// the end spoils the result, a write is seen by guards_intact(), and an output that was never written does not match.
class GuardedMemory {
 public:
  explicit GuardedMemory(std::size_t bytes);
  std::byte* data() const { return memory_.data() + kGuardBytes; }
  std::size_t bytes() const { return bytes_; }
  ::testing::AssertionResult guards_intact() const;

 private:
  static constexpr std::size_t kGuardBytes = 4096;
  std::size_t bytes_;
  Buffer memory_;
};

class GuardedTensor {
 public:
  explicit GuardedTensor(const Shape& shape, DType dtype = DType::f32);
  operator const Tensor&() const { return tensor_; }
  const Tensor& tensor() const { return tensor_; }
  template <class T = float>
  std::span<T> values() const {
    return {tensor_.data<T>(), static_cast<std::size_t>(tensor_.count())};
  }
  Doubles doubles() const;  // the values as the reference takes them
  ::testing::AssertionResult guards_intact() const { return memory_.guards_intact(); }

  GuardedTensor& fill(float value);
  GuardedTensor& fill_integers(std::uint64_t seed, int low = -4, int high = 4);  // uniform in [low, high]
  GuardedTensor& fill_uniform(std::uint64_t seed, float low = -1, float high = 1);
  GuardedTensor& assign(std::span<const float> values);

 private:
  GuardedMemory memory_;
  Tensor tensor_;
};

// Guarded workspace and scratch of exactly the bytes that an op asks for, bound to it.
class BoundMemory {
 public:
  explicit BoundMemory(Op& op, bool with_workspace = true);
  ::testing::AssertionResult guards_intact() const;

 private:
  GuardedMemory workspace_;
  GuardedMemory scratch_;
};

using namespace alexnet::reference;  // the tolerances

// Compares element by element; a NaN matches only a NaN. On failure tells the number of mismatches and the worst one.
::testing::AssertionResult matches(std::span<const float> actual, std::span<const double> expected, const Tolerance& tolerance);
::testing::AssertionResult matches(std::span<const double> actual, std::span<const double> expected, const Tolerance& tolerance);
// In bf16 `expected` is rounded to nearest even first.
::testing::AssertionResult matches(const GuardedTensor& actual, Doubles expected, const Tolerance& tolerance);

// The same bytes.
::testing::AssertionResult same_bits(const Tensor& a, const Tensor& b);

// d loss / d x[i] for every i by central differences.
Doubles finite_differences(Doubles x, const std::function<double(const Doubles&)>& loss, double step = 1e-4);
double dot(const Doubles& a, const Doubles& b);
Doubles random_doubles(std::size_t count, std::uint64_t seed, double low = -1, double high = 1);

}  // namespace alexnet::test
