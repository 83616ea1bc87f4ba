#include <algorithm>
#include <cmath>
#include <limits>

#include "alexnet/core/error.hpp"
#include "alexnet/data/dataset.hpp"
#include "cmd/inspect_reports.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNamesShown = 5;

Json describe_split(const std::string& folder, const DatasetManifest& manifest, const std::string& name) {
  const SplitInfo& info = manifest.splits.at(name);
  const Shards shards(folder, manifest, name);
  std::vector<std::uint64_t> per_class(manifest.classes.size());
  for (std::uint64_t i = 0; i < shards.size(); ++i) ++per_class[static_cast<std::size_t>(shards.label(i))];
  const auto [least, most] = std::minmax_element(per_class.begin(), per_class.end());
  std::uint64_t bytes = 0, hashes = 0;
  for (const ShardInfo& shard : info.shards) {
    bytes += shard.bytes;
    hashes += shard.xxh3_128.empty() ? 0 : 1;
  }
  return {{"images", info.num_samples},   {"min_per_class", *least}, {"max_per_class", *most}, {"per_class", per_class},
          {"shards", info.shards.size()}, {"bytes", bytes},          {"hashes", hashes}};
}

Json describe_statistics(const DatasetStatistics& s) {
  std::array<double, 3> mean{}, deviations{};
  for (std::size_t i = 0; i < s.mean_image.size(); ++i) mean[i % 3] += s.mean_image[i];
  for (std::size_t c = 0; c < 3; ++c) {
    mean[c] /= static_cast<double>(s.mean_image.size()) / 3;
    deviations[c] = std::sqrt(static_cast<double>(s.rgb_eigenvalues[c]));
  }
  return {{"mean_color", mean}, {"standard_deviations", deviations}, {"axes", s.rgb_eigenvectors}};
}

std::string class_names(const std::vector<ClassInfo>& classes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(classes.size(), kNamesShown); ++i) {
    const ClassInfo& c = classes[i];
    text += fmt::format("{}{}{}", i == 0 ? "" : ", ", c.id, c.name.empty() || c.name == c.id ? "" : " (" + c.name + ")");
  }
  return printable(text + (classes.size() > kNamesShown ? ", ..." : ""));
}

std::string split_line(const std::string& name, const Json& s) {
  const auto least = s["min_per_class"].get<std::uint64_t>(), most = s["max_per_class"].get<std::uint64_t>();
  const auto shards = s["shards"].get<std::uint64_t>(), without_hash = shards - s["hashes"].get<std::uint64_t>();
  return fmt::format("  {:<12}{} pictures, {} per class, in {} shard{} ({}){}\n", printable(name), s["images"].get<std::uint64_t>(),
                     least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most), shards, shards == 1 ? "" : "s",
                     readable_bytes(s["bytes"].get<std::uint64_t>()),
                     without_hash == 0 ? "" : fmt::format(", {} without a hash", without_hash));
}

}  // namespace

InspectReport inspect_data_set(const std::string& folder) {
  const DatasetManifest m = read_manifest(folder);
  const DatasetStatistics s = read_statistics(folder);
  if (s.height != m.size || s.width != m.size)
    fail(ExitCode::bad_data, "{}/statistics.safetensors: mean_image is {}x{}, the pictures are {}x{}; make the data set again", folder,
         s.height, s.width, m.size, m.size);
  InspectReport report;
  Json& json = report.json;
  json = {{"kind", "data_set"},
          {"path", folder},
          {"format_version", m.format_version},
          {"layout", m.layout},
          {"source", m.source},
          {"size", m.size},
          {"encoding", m.encoding},
          {"quality", m.quality},
          {"resampler", m.resampler},
          {"seed", m.seed},
          {"num_bad_files", m.num_bad_files},
          {"num_classes", m.classes.size()}};
  Json& classes = json["classes"] = Json::array();
  for (std::size_t i = 0; i < m.classes.size(); ++i)
    classes.push_back({{"index", i}, {"id", m.classes[i].id}, {"name", m.classes[i].name}});
  Json& splits = json["splits"] = Json::object();
  std::string lines;
  for (const auto& [name, split] : m.splits) {
    splits[name] = describe_split(folder, m, name);
    lines += split_line(name, splits[name]);
  }
  json["statistics"] = describe_statistics(s);
  const auto mean = json["statistics"]["mean_color"].get<std::array<double, 3>>();
  const auto deviations = json["statistics"]["standard_deviations"].get<std::array<double, 3>>();
  report.text = fmt::format("data set {}\n", folder);
  report.text += fmt::format("  {:<12}{} (layout {}), seed {}, format {}\n", "made from", printable(m.source), printable(m.layout), m.seed,
                             m.format_version);
  report.text += fmt::format("  {:<12}{}x{}, {}, {}\n", "stored", m.size, m.size,
                             m.encoding == "raw" ? "raw (PPM)" : fmt::format("JPEG quality {}", m.quality), printable(m.resampler));
  report.text += fmt::format("  {:<12}{}: {}\n", "classes", m.classes.size(), class_names(m.classes));
  report.text += lines;
  report.text += fmt::format("  {:<12}mean colour {:.1f} {:.1f} {:.1f}; standard deviations along the colour axes {:.1f} {:.1f} {:.1f}\n",
                             "statistics", mean[0], mean[1], mean[2], deviations[0], deviations[1], deviations[2]);
  report.text +=
      fmt::format("  {:<12}{} left out{}\n", "bad files", m.num_bad_files, m.num_bad_files > 0 ? ", listed in bad_files.jsonl" : "");
  return report;
}

}  // namespace alexnet
