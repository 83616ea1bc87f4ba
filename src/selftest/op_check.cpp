#include "selftest/op_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "alexnet/core/bfloat16.hpp"
#include "alexnet/core/rng.hpp"

namespace alexnet::selftest {
namespace {

constexpr std::uint32_t kStream = 2000;         // of random_block
constexpr std::uint32_t kPattern = 0x7fc0dead;  // a quiet NaN that no computation makes

std::vector<std::byte> pattern(std::size_t bytes) {
  std::vector<std::byte> content(bytes);
  for (std::size_t i = 0; i < bytes; ++i) content[i] = static_cast<std::byte>(kPattern >> (8 * (i % 4)));
  return content;
}

template <class F>
Doubles from_words(std::int64_t count, std::uint64_t seed, F f) {
  Doubles values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(random_block(seed, kStream, i / 4, 0)[i % 4]);
  return values;
}

template <class T>
T to_element(double value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

template <class T>
std::vector<std::byte> as_bytes_of(const Doubles& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = to_element<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

std::vector<std::byte> as_bytes(const Doubles& values, DType dtype) {
  if (dtype == DType::f32) return as_bytes_of<float>(values);
  if (dtype == DType::bf16) return as_bytes_of<BFloat16>(values);
  return dtype == DType::u8 ? as_bytes_of<std::uint8_t>(values) : as_bytes_of<std::int32_t>(values);
}

double value_at(const std::vector<std::byte>& bytes, std::size_t i, DType dtype) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return value;
  };
  if (dtype == DType::bf16) return static_cast<double>(to_float(read(BFloat16())));
  return dtype == DType::f32 ? static_cast<double>(read(0.0F)) : static_cast<double>(read(std::int32_t{0}));
}

void compare(const std::vector<std::byte>& actual, const Expected& expected, SelftestResult& result) {
  std::size_t num_wrong = 0, worst = 0;
  double worst_share = -1;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const auto [low, e, high] = reference::bounds(expected.tolerance, expected.values[i], expected.tensor.dtype());
    const double a = value_at(actual, i, expected.tensor.dtype());
    if (a == e || (std::isnan(a) && std::isnan(e))) continue;
    const double difference = std::isnan(a - e) ? std::numeric_limits<double>::infinity() : std::abs(a - e);
    const double share = difference / (a < e ? e - low : high - e);
    result.largest = std::max(result.largest, difference);
    if (share > 1) ++num_wrong;
    if (share > worst_share) {
      worst = i;
      worst_share = share;
    }
  }
  result.error = std::max(result.error, worst_share);
  if (num_wrong > 0 && result.trouble.empty()) {
    result.trouble =
        fmt::format("{} of {} values of {} are wrong; at {} it is {} instead of {} (allowed: {} + {} of it: {})", num_wrong,
                    expected.values.size(), expected.tensor.shape().str(), worst, value_at(actual, worst, expected.tensor.dtype()),
                    expected.values[worst], expected.tolerance.absolute, expected.tolerance.relative, expected.tolerance.reason);
  }
}

}  // namespace

Doubles random_integers(std::int64_t count, std::uint64_t seed, int low, int high) {
  const auto range = static_cast<std::uint32_t>(high - low + 1);
  return from_words(count, seed, [=](std::uint32_t word) { return static_cast<double>(low + static_cast<int>(word % range)); });
}

Doubles rounded(Doubles values, DType type) {
  with_storage_of(type, [&]<class T>(T) {
    for (double& value : values) value = static_cast<double>(to_float(to_element<T>(value)));
  });
  return values;
}

Doubles random_values(std::int64_t count, std::uint64_t seed, double low, double high) {
  return from_words(count, seed,
                    [=](std::uint32_t word) { return static_cast<double>(static_cast<float>(low + (high - low) * (word * 0x1p-32))); });
}

OpCheck::Guarded::Guarded(Backend& backend, std::size_t bytes)
    : bytes_(bytes), memory_(backend.allocate(bytes + 2 * kGuardBytes, "the selftest")) {
  const auto content = pattern(memory_.bytes());
  backend.copy_to_device(memory_.data(), content.data(), content.size());
}

bool OpCheck::Guarded::is_intact(Backend& backend) const {
  std::vector<std::byte> now(memory_.bytes());
  backend.copy_to_host(now.data(), memory_.data(), now.size());
  const auto then = pattern(now.size());
  return std::equal(now.begin(), now.begin() + kGuardBytes, then.begin()) &&
         std::equal(now.end() - kGuardBytes, now.end(), then.end() - kGuardBytes);
}

OpCheck::OpCheck(Backend& backend, std::string op, std::string shape, const Report& report)
    : backend_(backend), op_(std::move(op)), shape_(std::move(shape)), report_(report) {}

Tensor OpCheck::input(const Shape& shape, const Doubles& values, DType dtype) {
  const Tensor tensor = output(shape, dtype);
  rewrite(tensor, values);
  return tensor;
}

Tensor OpCheck::output(const Shape& shape, DType dtype) {
  return {allocate(static_cast<std::size_t>(shape.count()) * dtype_bytes(dtype)).data(), shape, dtype};
}

void OpCheck::rewrite(const Tensor& tensor, const Doubles& values) {
  const auto bytes = as_bytes(values, tensor.dtype());
  if (bytes.size() != tensor.bytes()) fail(ExitCode::internal, "selftest: {} bytes for {}", bytes.size(), tensor.shape().str());
  backend_.copy_to_device(tensor.raw(), bytes.data(), bytes.size());
}

void OpCheck::bind(Op& op) {
  std::byte* workspace = allocate(op.workspace_bytes()).data();
  op.bind(workspace, allocate(op.scratch_bytes()).data());
}

void OpCheck::run(const std::function<void()>& call, const std::vector<Expected>& expected) {
  for (const Expected& e : expected) {
    const auto content = pattern(e.tensor.bytes());
    backend_.copy_to_device(e.tensor.raw(), content.data(), content.size());
  }
  call();
  backend_.synchronize();
}

std::vector<std::byte> OpCheck::download(const Tensor& tensor) const {
  std::vector<std::byte> bytes(tensor.bytes());
  backend_.copy_to_host(bytes.data(), tensor.raw(), bytes.size());
  return bytes;
}

void OpCheck::pass(const std::string& name, const std::function<void()>& call, const std::vector<Expected>& expected) {
  SelftestResult result{op_, shape_, name, 0, 0, ""};
  std::vector<std::vector<std::byte>> first;
  run(call, expected);
  for (const Expected& e : expected) {
    first.push_back(download(e.tensor));
    compare(first.back(), e, result);
  }
  run(call, expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (result.trouble.empty() && download(expected[i].tensor) != first[i]) result.trouble = "a second run gives other bits";
  }
  const bool intact = std::ranges::all_of(memory_, [&](const Guarded& memory) { return memory.is_intact(backend_); });
  if (!intact && result.trouble.empty()) result.trouble = "memory beside a tensor was written to";
  report_(result);
}

}  // namespace alexnet::selftest
