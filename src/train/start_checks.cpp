#include "train/start_checks.hpp"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"
#include "alexnet/io/safetensors.hpp"
#include "train/rank_group.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kMostDifferences = 5;

// "key: there -> here" for the keys of two flat objects that differ.
std::vector<std::string> differences(const nlohmann::json& there, const nlohmann::json& here) {
  std::vector<std::string> found;
  for (const auto& [key, value] : here.items()) {
    const auto other = there.find(key);
    if (other == there.end() || *other != value)
      found.push_back(fmt::format("{}: {} -> {}", key, other == there.end() ? "nothing" : other->dump(), value.dump()));
  }
  return found;
}

std::string first_of(std::vector<std::string> all) {
  const std::size_t more = all.size() - std::min(all.size(), kMostDifferences);
  all.resize(all.size() - more);
  return fmt::format("{}{}", fmt::join(all, "; "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

void check_same_program(Communicator& world, const std::string& version_json) {
  const std::string first = broadcast_text(world, version_json);
  if (first == version_json) return;
  const auto there = nlohmann::json::parse(first, nullptr, false), here = nlohmann::json::parse(version_json, nullptr, false);
  fail(ExitCode::configuration, "the program is another one than that of rank 0 ({}): start the same on all ranks",
       there.is_object() && here.is_object() ? first_of(differences(there, here)) : "no version");
}

void check_same_config(Communicator& world, const Config& config) {
  const std::string own = dump_config(config), first = broadcast_text(world, own);
  if (first == own) return;
  fail(ExitCode::configuration, "the configuration is another one than that of rank 0 ({}): give the same to all ranks",
       first_of(diff_configs(parse_config(first, "rank 0's config"), config)));
}

void check_same_backend(Communicator& world, const std::string& name) {
  const std::string first = broadcast_text(world, name);
  if (first == name) return;
  fail(
      ExitCode::unavailable,
      "this rank computes with the backend {}, rank 0 with {}: are there fewer GPUs than ranks? Start as many ranks as there are GPUs, put "
      "several on one with device.ids=[0, 0], or set device.backend=onednn",
      name, first);
}

void check_same_data_set(Communicator& world, const std::string& folder) {
  const std::string text = read_text_file(folder + "/dataset.json"), own = xxh3_of(text.data(), text.size());
  const std::string first = broadcast_text(world, own);
  if (first == own) return;
  fail(ExitCode::bad_data,
       "the data set {} is another one than that of rank 0 (dataset.json has hash {}, there {}): all ranks must read the same", folder, own,
       first);
}

void check_same_checkpoint(Communicator& world, const std::string& path) {
  const SafetensorsFile file(path, false);
  std::string all;
  for (const auto& [key, value] : file.metadata()) all += fmt::format("{}={}\n", key, value);
  const std::string own = xxh3_of(all.data(), all.size()), first = broadcast_text(world, own);
  if (first == own) return;
  fail(ExitCode::bad_data, "{} is another checkpoint than that of rank 0 (hash {}, there {}): all ranks must read the same file", path, own,
       first);
}

}  // namespace alexnet
