#include <filesystem>
#include <fstream>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "cmd/inspect_reports.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::streamoff kTailBytes = 8 << 20;  // of metrics.jsonl: the last validation lies in it

// The last line of each kind, from the file's end. Lines that are no JSON object (one being written) are passed over.
Json last_metrics(const std::string& path) {
  Json last = Json::object();
  std::ifstream file(path, std::ios::binary);
  if (!file) return last;
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  for (std::string line; std::getline(file, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object() && json.contains("kind") && json["kind"].is_string()) last[json["kind"].get<std::string>()] = json;
  }
  return last;
}

Json read_summary(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return nullptr;
  const Json json = Json::parse(read_text_file(path), nullptr, false);
  if (!json.is_object()) fail(ExitCode::bad_data, "{}: no valid JSON object: the file is damaged", path);
  return json;
}

std::string value_text(const std::string& key, const Json& value) {
  if (value.is_number() && key.ends_with("_error")) return fmt::format("{:.2f} %", 100 * value.get<double>());
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_string()) return printable(value.get<std::string>());
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// "  title       step 200, epoch 0.51, ..."; nested values, and what `title` says already, are left out.
std::string line_of(const std::string& title, const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    if (value.is_structured() || value.is_null() || key == "kind") continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(key), value_text(key, value));
  }
  return fmt::format("  {:<14}{}\n", title, text);
}

}  // namespace

InspectReport inspect_run(const std::string& folder) {
  InspectReport report;
  const Json summary = read_summary(folder + "/summary.json");
  const Json last = last_metrics(folder + "/metrics.jsonl");
  std::vector<std::string> checkpoints;
  for (const char* name : {"last.safetensors", "best.safetensors"}) {
    if (std::filesystem::exists(folder + "/" + name)) checkpoints.emplace_back(name);
  }
  report.json = {{"kind", "run"}, {"path", folder}, {"summary", summary}, {"last", last}, {"checkpoints", checkpoints}};
  report.text = fmt::format("run {}\n", folder);
  if (summary.is_object()) {
    report.text += line_of("summary", summary);
    for (const char* key : {"best", "last"})
      if (summary.contains(key) && summary[key].is_object()) report.text += line_of(fmt::format("  {}", key), summary[key]);
  } else {
    report.text += "  no summary.json yet: it is written at the first validation\n";
  }
  for (const char* kind : {"train", "validation", "end"})
    if (last.contains(kind)) report.text += line_of(kind, last[kind]);
  report.text +=
      fmt::format("  {:<14}{}\n", "checkpoints", checkpoints.empty() ? "none yet" : fmt::format("{}", fmt::join(checkpoints, ", ")));
  return report;
}

}  // namespace alexnet
