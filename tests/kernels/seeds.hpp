// Every kernel is run with two orders of threads and blocks.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "emulator/emulator.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {

template <class F>
void for_each_seed(F run) {
  for (const std::uint64_t seed : {1, 2}) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    emulator::options().seed = seed;
    run();
  }
}

// Random floats, and the same as the reference takes them.
inline std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }
inline std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }
inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed, double low = -1, double high = 1) {
  return floats(random_doubles(count, seed, low, high));
}

// Integers in [-4, 4].
inline std::vector<float> random_integers(std::size_t count, std::uint64_t seed) {
  std::vector<float> values = random_floats(count, seed, -4.5, 4.5);
  for (float& value : values) value = std::round(value);
  return values;
}

}  // namespace alexnet::test
