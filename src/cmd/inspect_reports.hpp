// What `alexnet inspect` says about each kind of thing: one JSON object for programs, a text for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace alexnet {

struct InspectReport {
  nlohmann::ordered_json json;
  std::string text;
};

InspectReport inspect_data_set(const std::string& folder);
InspectReport inspect_checkpoint(const std::string& file);
InspectReport inspect_run(const std::string& folder);

// Text from a file, fit for a terminal: control characters become '?'.
std::string printable(std::string text);
// 512 -> "512 bytes", 3 << 20 -> "3.0 MiB".
std::string readable_bytes(std::uint64_t bytes);

}  // namespace alexnet
