// One op under test: its tensors in the device's memory between guard bands, its passes against expected values.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "alexnet/core/error.hpp"
#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/tolerance.hpp"
#include "alexnet/selftest/selftest.hpp"

namespace alexnet::selftest {

using Doubles = std::vector<double>;
using Report = std::function<void(const SelftestResult&)>;

Doubles random_integers(std::int64_t count, std::uint64_t seed, int low = -4, int high = 4);
Doubles random_values(std::int64_t count, std::uint64_t seed, double low = -1, double high = 1);  // rounded to f32
// As a tensor of that type stores them.
Doubles rounded(Doubles values, DType type);

// What a pass should have written.
struct Expected {
  Tensor tensor;  // an output() of the check
  Doubles values;
  reference::Tolerance tolerance;
};

class OpCheck {
 public:
  OpCheck(Backend& backend, std::string op, std::string shape, const Report& report);

  Tensor input(const Shape& shape, const Doubles& values, DType dtype = DType::f32);
  Tensor output(const Shape& shape, DType dtype = DType::f32);
  // Writes an input anew, for a pass that changes it.
  void rewrite(const Tensor& tensor, const Doubles& values);
  // A plain struct, or several, in the device's memory.
  template <class T>
  T* block(std::span<const T> values) {
    Guarded& memory = allocate(values.size_bytes());
    backend_.copy_to_device(memory.data(), values.data(), values.size_bytes());
    return reinterpret_cast<T*>(memory.data());
  }
  template <class T>
  T* block(const T& value) {
    return block(std::span<const T>(&value, 1));
  }
  // Gives the op workspace and scratch of exactly the bytes that it asks for.
  void bind(Op& op);

  // Runs `call` twice, with outputs that hold NaNs before, and reports.
  void pass(const std::string& name, const std::function<void()>& call, const std::vector<Expected>& expected);

 private:
  class Guarded {
   public:
    Guarded(Backend& backend, std::size_t bytes);
    std::byte* data() const { return memory_.data() + kGuardBytes; }
    std::size_t bytes() const { return bytes_; }
    bool is_intact(Backend& backend) const;

   private:
    static constexpr std::size_t kGuardBytes = 4096;
    std::size_t bytes_;
    Buffer memory_;
  };
  Guarded& allocate(std::size_t bytes) { return memory_.emplace_back(backend_, bytes); }
  void run(const std::function<void()>& call, const std::vector<Expected>& expected);
  std::vector<std::byte> download(const Tensor& tensor) const;

  Backend& backend_;
  std::string op_, shape_;
  const Report& report_;
  std::deque<Guarded> memory_;  // never moves
};

}  // namespace alexnet::selftest
