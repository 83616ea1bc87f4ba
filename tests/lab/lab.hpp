// What the exercises of scripts/lab share: running a learner's kernel under the execution model and telling in one line how it went.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <vector>

#include "emulator/emulator.hpp"
#include "emulator/profile.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet::lab {

using emulator::DeviceArray;

inline std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 7919 % 101);
  return values;
}

// Throws with the first element that is not what it should be. What nobody wrote is a fault of its own.
inline void expect_equal(const DeviceArray<float>& array, const std::vector<float>& expected) {
  const std::vector<float> values = array.values();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (values[i] != expected[i]) throw std::runtime_error(fmt::format("element {} is {}, should be {}", i, values[i], expected[i]));
  }
}

// Throws with the kernel's traffic by line when it moves more sectors than it must, or meets bank conflicts.
inline void expect_ideal(const emulator::Profile& profile) {
  const emulator::LineCounts total = profile.total();
  if (total.sectors != total.least_sectors || total.bank_conflicts() != 0) {
    throw std::runtime_error(fmt::format("right, but {} sectors of global memory where {} would do, and {} bank conflicts\n{}",
                                         total.sectors, total.least_sectors, total.bank_conflicts(), profile.table()));
  }
}

// The exercise's main(): runs it with several orders of the threads.
inline int run(const char* name, const std::function<void()>& exercise) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    emulator::options().seed = seed;
    try {
      exercise();
    } catch (const std::exception& error) {
      fmt::print("{}: not yet: {}\n", name, error.what());
      return 1;
    }
  }
  fmt::print("{}: right\n", name);
  return 0;
}

}  // namespace alexnet::lab
