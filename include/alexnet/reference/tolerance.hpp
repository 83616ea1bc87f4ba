// How far a backend may lie from the reference, and why: the one table, for the tests and for `alexnet selftest`.
#pragma once

#include <cmath>

#include "alexnet/core/bfloat16.hpp"

namespace alexnet::reference {

// |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute, relative;
  const char* reason;
};

inline constexpr Tolerance kExact{0, 0, "sums of integers below 2^24 are exact in f32 in any order"};
inline constexpr Tolerance kAverageTolerance{1e-6, 1e-6, "a sum of at most 121 values in f32, then one division"};
inline constexpr Tolerance kActivationTolerance{1e-6, 2e-6, "a polynomial or a quotient in f32: a few units in the last place"};
inline constexpr Tolerance kNormTolerance{0, 1e-6, "a sum of squares, k + alpha * S, roots, one division: a dozen roundings in f32"};
inline constexpr Tolerance kNormGradientTolerance{3e-7, 2e-6, "a difference of terms below 1, each as kNormTolerance"};
inline constexpr Tolerance kSoftmaxTolerance{1e-7, 1e-5, "exp in f32 of differences up to 100"};
inline constexpr Tolerance kUpdateTolerance{1e-7, 1e-6, "four f32 operations"};
inline constexpr Tolerance kDropoutTolerance{0, 1.3e-7, "one multiplication by a rounded factor"};
inline constexpr Tolerance kInputTolerance{2e-5, 1e-6, "differences of values up to 255 in f32, times a scale below 1"};
// For values that are real numbers where a sum over many is compared; integers should use kExact.
inline constexpr Tolerance kLongSumTolerance{1e-4, 1e-4, "a sum of thousands of f32 products in another order"};
inline constexpr Tolerance kFiniteDifferencesTolerance{1e-6, 1e-6, "central differences in double with a step of 1e-4"};

// The losses of the selftest's 20 training steps in bf16 beside those in f32: 4e-3 was seen.
inline constexpr Tolerance kBfloat16TrainingTolerance{0.005, 0.005, "20 steps with activations of 8 bits: each value off by up to 0.4 %"};

// What may stand where `expected` is exact: in f32 the tolerance around it. An output in bf16 is computed in f32 and rounded once, to
// nearest even, so what may stand there is what an f32 result within the tolerance rounds to: the rounded exact value and nothing else,
// unless a tie between two bf16 lies within the tolerance.
struct Bounds {
  double low, nearest, high;
};
inline Bounds bounds(const Tolerance& tolerance, double expected, DType type) {
  const double margin = tolerance.absolute + tolerance.relative * std::abs(expected);
  if (type != DType::bf16) return {expected - margin, expected, expected + margin};
  const auto round = [](double value) { return static_cast<double>(to_float(to_bfloat16(static_cast<float>(value)))); };
  return {round(expected - margin), round(expected), round(expected + margin)};
}

}  // namespace alexnet::reference
