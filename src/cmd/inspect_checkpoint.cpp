#include <cmath>
#include <filesystem>
#include <optional>

#include "alexnet/core/error.hpp"
#include "alexnet/io/safetensors.hpp"
#include "cmd/inspect_reports.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMetadataShown = 60;

// Euclidean norm; none when the tensor is not f32.
std::optional<double> norm_of(const SafetensorsFile& file, const std::string& name) {
  std::vector<float> values;
  try {
    values = file.read_f32(name);
  } catch (const Error& e) {
    if (e.code() != ExitCode::bad_data) throw;
    return std::nullopt;
  }
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

// The plain values of the entry `alexnet` (step, epoch, best ...) and how many classes it lists.
Json describe_training(const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) fail(ExitCode::bad_data, "{}: metadata \"alexnet\" is no JSON object: the checkpoint is damaged", path);
  Json plain = Json::object();
  for (const auto& [key, value] : json.items()) {
    if (value.is_primitive() && !value.is_string()) plain[key] = value;
  }
  if (json.contains("classes") && json["classes"].is_array()) plain["classes"] = json["classes"].size();
  return plain;
}

std::string shortened(std::string text) {
  if (text.size() > kMetadataShown) text = fmt::format("{}... ({} bytes)", text.substr(0, kMetadataShown), text.size());
  return printable(std::move(text));
}

}  // namespace

InspectReport inspect_checkpoint(const std::string& path) {
  const SafetensorsFile file(path);  // checks the hash
  const bool has_hash = file.metadata().contains("data_xxh3_128");
  const bool is_ours = file.metadata().contains("alexnet");
  InspectReport report;
  Json& json = report.json;
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  json = {{"kind", "checkpoint"}, {"path", path}, {"bytes", error ? 0 : bytes}, {"hash_checked", has_hash}};
  report.text = fmt::format("{} {} ({}), {}\n", is_ours ? "checkpoint" : "safetensors file", path, readable_bytes(error ? 0 : bytes),
                            has_hash ? "the data fits its hash" : "without a hash of the data");
  Json& metadata = json["metadata"] = Json::object();
  for (const auto& [key, value] : file.metadata()) {
    if (key != "alexnet") {
      metadata[key] = value;
      report.text += fmt::format("  {:<16}{}\n", printable(key), shortened(value));
      continue;
    }
    json["training"] = describe_training(value, path);
    for (const auto& [name, entry] : json["training"].items())
      report.text += fmt::format("  {:<16}{}\n", printable(name), entry.dump(-1, ' ', true, Json::error_handler_t::replace));
  }
  Json& tensors = json["tensors"] = Json::array();
  std::int64_t parameters = 0;
  for (const std::string& name : file.names()) {
    const Shape shape = file.shape(name);
    const std::optional<double> norm = norm_of(file, name);
    const bool finite = norm && std::isfinite(*norm);
    if (name.ends_with(".weight") || name.ends_with(".bias")) parameters += name.starts_with("velocity.") ? 0 : shape.count();
    tensors.push_back({{"name", name}, {"shape", shape.extents()}, {"norm", finite ? Json(*norm) : Json()}});
    report.text += fmt::format("  {:<28} {:<24} {}\n", printable(name), shape.str(),
                               !norm    ? "not f32"
                               : finite ? fmt::format("norm {:.6g}", *norm)
                                        : "norm is NOT FINITE");
  }
  json["num_parameters"] = parameters;
  report.text += fmt::format("  {} tensors, {} parameters\n", file.names().size(), parameters);
  if (is_ours) report.text += fmt::format("  its configuration: alexnet config {}\n", path);
  return report;
}

}  // namespace alexnet
