// A script that runs many trainings, on drawn pictures and with a folder of results of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

class ExperimentTest : public testing::Test {
 protected:
  // always: arguments of every run, for a tiny budget.
  ExperimentTest(const std::string& name, std::string pictures, std::string size, std::vector<std::string> always)
      : script_(ALEXNET_SOURCE_DIR "/scripts/" + name),
        pictures_(std::move(pictures)),
        size_(std::move(size)),
        always_(std::move(always)) {}

  void SetUp() override {
    if (run_command({"/usr/bin/python3", "--version"}).exit_code != 0) GTEST_SKIP() << "no python3";
    ASSERT_EQ(run_alexnet({"prepare", pictures_, folder_ / "data", "--size", size_}).exit_code, 0);
  }
  // A later --data, --out or --alexnet wins.
  CommandResult run(const std::vector<std::string>& more = {}, const RunOptions& options = {}) const {
    std::vector<std::string> command = {script_, "--alexnet", ALEXNET_BINARY, "--data", folder_ / "data", "--out", folder_ / "out"};
    command.insert(command.end(), always_.begin(), always_.end());
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command, options);
  }
  std::string content(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_.path() / "out" / name).rdbuf();
    return text.str();
  }
  static std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }
  // Python without the module.
  RunOptions without(const std::string& module) const {
    folder_.write("modules/" + module + ".py", "raise ImportError\n");
    RunOptions options;
    options.env = {{"PYTHONPATH", folder_ / "modules"}};
    return options;
  }
  static bool has_yaml() { return run_command({"/usr/bin/python3", "-c", "import yaml"}).exit_code == 0; }

  TemporaryFolder folder_;
  std::string script_, pictures_, size_;
  std::vector<std::string> always_;
};

}  // namespace alexnet
