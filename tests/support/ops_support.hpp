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

// |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute, relative;
  const char* reason;
};

// The one table of tolerances.
inline constexpr Tolerance kExact{0, 0, "sums of integers below 2^24 are exact in f32 in any order"};
inline constexpr Tolerance kAverageTolerance{1e-6, 1e-6, "a sum of at most 121 values in f32, then one division"};
inline constexpr Tolerance kTanhTolerance{1e-6, 2e-6, "a polynomial in f32: a few units in the last place"};
inline constexpr Tolerance kNormTolerance{0, 1e-6, "a sum of squares, k + alpha * S, roots, one division: a dozen roundings in f32"};
inline constexpr Tolerance kNormGradientTolerance{3e-7, 2e-6, "a difference of terms below 1, each as kNormTolerance"};
inline constexpr Tolerance kSoftmaxTolerance{1e-7, 1e-5, "exp in f32 of differences up to 100"};
inline constexpr Tolerance kUpdateTolerance{1e-7, 1e-6, "four f32 operations"};
// For values that are real numbers where a sum over many is compared; integers should use kExact.
inline constexpr Tolerance kLongSumTolerance{1e-4, 1e-4, "a sum of thousands of f32 products in another order"};
inline constexpr Tolerance kFiniteDifferencesTolerance{1e-6, 1e-6, "central differences in double with a step of 1e-4"};

// Compares element by element; a NaN matches only a NaN. On failure tells the number of mismatches and the worst one.
::testing::AssertionResult matches(std::span<const float> actual, std::span<const double> expected, const Tolerance& tolerance);
::testing::AssertionResult matches(std::span<const double> actual, std::span<const double> expected, const Tolerance& tolerance);
inline ::testing::AssertionResult matches(const GuardedTensor& actual, const Doubles& expected, const Tolerance& tolerance) {
  return matches(std::span<const float>(actual.values()), std::span<const double>(expected), tolerance);
}

// The same bytes.
::testing::AssertionResult same_bits(const Tensor& a, const Tensor& b);

// d loss / d x[i] for every i by central differences.
Doubles finite_differences(Doubles x, const std::function<double(const Doubles&)>& loss, double step = 1e-4);
double dot(const Doubles& a, const Doubles& b);
Doubles random_doubles(std::size_t count, std::uint64_t seed, double low = -1, double high = 1);

}  // namespace alexnet::test
