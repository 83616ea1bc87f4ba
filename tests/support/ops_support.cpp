#include "support/ops_support.hpp"

#include <algorithm>
#include <cmath>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/rng.hpp"

namespace alexnet::test {
namespace {

constexpr std::uint32_t kPattern = 0x7fc0dead;  // a quiet NaN that no computation makes

void fill_pattern(std::byte* data, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(kPattern >> (8 * (i % 4)));
}

bool is_pattern(const std::byte* data, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (data[i] != static_cast<std::byte>(kPattern >> (8 * (i % 4)))) return false;
  }
  return true;
}

// values[i] = f(random word i), as the tensor stores it
template <class F>
void fill_from_words(const GuardedTensor& tensor, std::uint64_t seed, F f) {
  with_storage_of(tensor.tensor().dtype(), [&]<class T>(T) {
    const auto values = tensor.values<T>();
#pragma omp parallel for
    for (std::size_t i = 0; i < values.size(); i += 4) {
      const RandomBlock block = random_block(seed, 1000, i / 4, 0);
      for (std::size_t j = i; j < std::min(i + 4, values.size()); ++j) values[j] = stored<T>(f(block[j - i]));
    }
  });
}

template <class T>
::testing::AssertionResult compare(std::span<const T> actual, std::span<const double> expected, const Tolerance& tolerance) {
  if (actual.size() != expected.size()) {
    return ::testing::AssertionFailure() << actual.size() << " values instead of " << expected.size();
  }
  std::size_t num_wrong = 0, worst = 0;
  double worst_excess = -1;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double a = actual[i], e = expected[i];
    if (a == e || (std::isnan(a) && std::isnan(e))) continue;
    const double excess = std::abs(a - e) - (tolerance.absolute + tolerance.relative * std::abs(e));
    if (excess <= 0) continue;
    ++num_wrong;
    if (std::isnan(excess) || excess > worst_excess) {
      worst = i;
      worst_excess = std::isnan(excess) ? INFINITY : excess;
    }
  }
  if (num_wrong == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << num_wrong << " of " << actual.size() << " values differ; the worst, at " << worst << ", is "
                                       << actual[worst] << " instead of " << expected[worst] << " (allowed: " << tolerance.absolute << " + "
                                       << tolerance.relative << " * |expected|, " << tolerance.reason << ")";
}

}  // namespace

GuardedMemory::GuardedMemory(std::size_t bytes) : bytes_(bytes), memory_(Buffer::host(bytes + 2 * kGuardBytes, "guarded test memory")) {
  fill_pattern(memory_.data(), memory_.bytes());
}

::testing::AssertionResult GuardedMemory::guards_intact() const {
  if (!is_pattern(memory_.data(), kGuardBytes)) return ::testing::AssertionFailure() << "bytes before the memory were written";
  // The band after the memory begins in the middle of the pattern when `bytes` is not a multiple of 4.
  const std::byte* after = memory_.data() + kGuardBytes + bytes_;
  for (std::size_t i = 0; i < kGuardBytes; ++i) {
    if (after[i] != static_cast<std::byte>(kPattern >> (8 * ((kGuardBytes + bytes_ + i) % 4)))) {
      return ::testing::AssertionFailure() << "byte " << i << " after the memory was written";
    }
  }
  return ::testing::AssertionSuccess();
}

GuardedTensor::GuardedTensor(const Shape& shape, DType dtype)
    : memory_(static_cast<std::size_t>(shape.count()) * dtype_bytes(dtype)), tensor_(memory_.data(), shape, dtype) {}

Doubles GuardedTensor::doubles() const {
  Doubles result;
  with_storage_of(tensor_.dtype(), [&]<class T>(T) {
    for (const T value : values<T>()) result.push_back(static_cast<double>(to_float(value)));
  });
  return result;
}

GuardedTensor& GuardedTensor::fill(float value) {
  std::ranges::fill(values(), value);
  return *this;
}

GuardedTensor& GuardedTensor::fill_integers(std::uint64_t seed, int low, int high) {
  const auto range = static_cast<std::uint32_t>(high - low + 1);
  fill_from_words(*this, seed, [=](std::uint32_t word) { return static_cast<float>(low + static_cast<int>(word % range)); });
  return *this;
}

GuardedTensor& GuardedTensor::fill_uniform(std::uint64_t seed, float low, float high) {
  const double range = static_cast<double>(high) - low;  // may be beyond f32
  fill_from_words(*this, seed, [=](std::uint32_t word) { return static_cast<float>(low + range * (word * 0x1p-32)); });
  return *this;
}

GuardedTensor& GuardedTensor::assign(std::span<const float> new_values) {
  if (new_values.size() != values().size()) fail(ExitCode::internal, "assigned {} values to {}", new_values.size(), tensor_.shape().str());
  std::ranges::copy(new_values, values().begin());
  return *this;
}

BoundMemory::BoundMemory(Op& op, bool with_workspace)
    : workspace_(with_workspace ? op.workspace_bytes() : 0), scratch_(op.scratch_bytes()) {
  op.bind(with_workspace ? workspace_.data() : nullptr, scratch_.data());
}

::testing::AssertionResult BoundMemory::guards_intact() const {
  if (const auto result = workspace_.guards_intact(); !result) return ::testing::AssertionFailure() << "workspace: " << result.message();
  if (const auto result = scratch_.guards_intact(); !result) return ::testing::AssertionFailure() << "scratch: " << result.message();
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult matches(std::span<const float> actual, std::span<const double> expected, const Tolerance& tolerance) {
  return compare(actual, expected, tolerance);
}

::testing::AssertionResult matches(std::span<const double> actual, std::span<const double> expected, const Tolerance& tolerance) {
  return compare(actual, expected, tolerance);
}

::testing::AssertionResult matches(const GuardedTensor& actual, Doubles expected, const Tolerance& tolerance) {
  const DType type = actual.tensor().dtype();
  if (type == DType::bf16) {
    for (double& value : expected) value = bounds(kExact, value, type).nearest;
  }
  return matches(actual.doubles(), expected, tolerance);
}

::testing::AssertionResult same_bits(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return ::testing::AssertionFailure() << "shapes or types differ";
  const auto* x = static_cast<const std::byte*>(a.raw());
  const auto* y = static_cast<const std::byte*>(b.raw());
  const auto [at, other] = std::mismatch(x, x + a.bytes(), y);
  if (at == x + a.bytes()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "element " << (at - x) / static_cast<std::ptrdiff_t>(dtype_bytes(a.dtype())) << " of "
                                       << a.shape().str() << " differs";
}

Doubles finite_differences(Doubles x, const std::function<double(const Doubles&)>& loss, double step) {
  Doubles gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + step;
    const double above = loss(x);
    x[i] = at - step;
    const double below = loss(x);
    x[i] = at;
    gradient[i] = (above - below) / (2 * step);
  }
  return gradient;
}

double dot(const Doubles& a, const Doubles& b) {
  if (a.size() != b.size()) fail(ExitCode::internal, "dot of {} and {} values", a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Doubles random_doubles(std::size_t count, std::uint64_t seed, double low, double high) {
  Doubles values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const RandomBlock block = random_block(seed, 1001, i, 0);
    values[i] = low + (high - low) * uniform_double(block[0], block[1]);
  }
  return values;
}

}  // namespace alexnet::test
