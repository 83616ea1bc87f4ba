// The smallest configuration, and mistakes in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "support/expect_error.hpp"

namespace alexnet {

inline const std::string kMinimal =
    "data: {path: somewhere}\n"
    "model:\n"
    "  layers:\n"
    "    - {name: fc1, type: fully_connected, num_output: num_classes}\n"
    "    - {name: loss, type: softmax_cross_entropy}\n"
    "train: {batch_size: 4, epochs: 1}\n"
    "schedule: {learning_rate: 0.01}\n";

// `text` with its first `from` replaced; a `from` that is not there is a mistake in the test.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("no \"" + from + "\" in the text");
  return text.replace(at, from.size(), to);
}

inline void expect_config_error(const std::string& yaml, const std::vector<std::string>& words, const std::vector<std::string>& sets = {},
                                ExitCode code = ExitCode::configuration) {
  SCOPED_TRACE(yaml.size() < 2000 ? yaml : "(long)");
  SCOPED_TRACE(testing::PrintToString(sets));
  expect_error(code, words, [&] { parse_config(yaml, "test.yaml", sets); });
}

inline std::vector<std::string> shipped_configs() {
  return {"alexnet",       "alexnet_paper", "alexnet_original_2012", "alexnet_caffe", "tiny_imagenet",
          "cifar10_quick", "cifar10_relu",  "cifar10_tanh",          "quickstart",    "smoke"};
}

inline std::string shipped_path(const std::string& name) { return std::string(ALEXNET_SOURCE_DIR) + "/configs/" + name + ".yaml"; }

}  // namespace alexnet
