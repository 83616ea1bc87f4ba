#include "support/smoke.hpp"

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace alexnet {

SmokeFolder::SmokeFolder() {
  const CommandResult result = run({"prepare", "drawn:classes=4,train=160,val=48", "data/smoke", "--size", "32", "--encoding", "raw"});
  if (result.exit_code != 0) throw std::runtime_error("prepare failed: " + result.err);
}

CommandResult SmokeFolder::run(std::vector<std::string> args, RunOptions options) const {
  if (options.cwd.empty()) options.cwd = folder_.path().string();
  options.env.emplace_back("OMP_NUM_THREADS", "1");
  return run_alexnet(std::move(args), options);
}

CommandResult SmokeFolder::train(const std::string& run_name, std::vector<std::string> more, RunOptions options) const {
  std::vector<std::string> args = {"train", "--config", std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", "--run-dir", run_name};
  args.insert(args.end(), more.begin(), more.end());
  return run(std::move(args), std::move(options));
}

const SmokeFolder& smoke() {
  static const SmokeFolder folder;
  return folder;
}

std::vector<std::string> training_lines(const std::string& metrics_path) {
  static const std::regex kKind("\"kind\":\"(train|validation|layers)\"");
  static const std::regex kClock("\"(time_s|images_per_s|data_wait)\":[^,}]*,?");
  std::ifstream file(metrics_path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_search(line, kKind)) lines.push_back(std::regex_replace(line, kClock, ""));
  }
  return lines;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace alexnet
