// A temporary folder for each test, tensors with memory of their own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "alexnet/io/files.hpp"
#include "alexnet/io/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

class IoTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_ / name; }

  std::size_t num_files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++count;
    return count;
  }

  TemporaryFolder folder_;
};

// Tensors whose values count up, so that a swapped or shifted read shows.
class CountingTensors {
 public:
  void add(const std::string& name, Shape shape) {
    std::vector<float>& values = memory_.emplace_back(static_cast<std::size_t>(shape.count()) + 1);
    for (float& value : values) value = next_ += 0.5F;
    entries_.push_back({name, Tensor(values.data(), std::move(shape), DType::f32)});
  }
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }

 private:
  std::vector<std::vector<float>> memory_;
  std::vector<SafetensorsEntry> entries_;
  float next_ = 0;
};

// The bytes of a safetensors file with this header and data.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

}  // namespace alexnet
