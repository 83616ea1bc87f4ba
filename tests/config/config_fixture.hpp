// The smallest configuration, and what a message must say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/core/error.hpp"

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

// What `action` throws; fails the test when that is no Error of this code with all the words, in one line.
template <class Action>
void expect_error(Action action, ExitCode code, const std::vector<std::string>& words) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown; expected: " << testing::PrintToString(words);
  } catch (const Error& e) {
    const std::string message = e.what();
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << message;
    for (const std::string& word : words) EXPECT_THAT(message, testing::HasSubstr(word));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

inline void expect_config_error(const std::string& yaml, const std::vector<std::string>& words, const std::vector<std::string>& sets = {},
                                ExitCode code = ExitCode::configuration) {
  SCOPED_TRACE(yaml.size() < 2000 ? yaml : "(long)");
  SCOPED_TRACE(testing::PrintToString(sets));
  expect_error([&] { parse_config(yaml, "test.yaml", sets); }, code, words);
}

inline std::vector<std::string> shipped_configs() {
  return {"alexnet",       "alexnet_paper", "alexnet_original_2012", "alexnet_caffe", "tiny_imagenet",
          "cifar10_quick", "cifar10_relu",  "cifar10_tanh",          "quickstart",    "smoke"};
}

inline std::string shipped_path(const std::string& name) { return std::string(ALEXNET_SOURCE_DIR) + "/configs/" + name + ".yaml"; }

}  // namespace alexnet
