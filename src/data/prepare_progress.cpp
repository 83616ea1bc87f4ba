// The file: a line with the hash of all that follows, a line of JSON, then the statistics' sums as they lie in memory. It is replaced as
// a whole, so they fit together.
#include "data/prepare_progress.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 2;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kMaxBytes = std::size_t{1} << 32;  // the sums of the largest pictures have 1.5 GiB

std::string fingerprint(const PreparePlan& plan, const std::string& options) {
  Xxh3Hash hash;
  const auto add_text = [&](const std::string& text) { hash.update(text.c_str(), text.size() + 1); };
  add_text(fmt::format("{} {} {}", kVersion, options, resampler_description()));
  for (const ClassInfo& info : plan.classes) {
    add_text(info.id);
    add_text(info.name);
  }
  for (const SplitPlan& split : plan.splits) {
    add_text(split.name);
    for (const SourceItem& item : split.items) {
      add_text(item.path);
      hash.update(&item.label, sizeof item.label);
      hash.update(&item.position, sizeof item.position);
      const std::uint64_t bytes = plan.source->known_bytes(item);
      hash.update(&bytes, sizeof bytes);
    }
  }
  return hash.hex();
}

Json to_json(const SplitProgress& split) {
  Json shards = Json::array();
  for (const ShardInfo& s : split.written.shards) shards.push_back({s.file, s.num_samples, s.bytes, s.xxh3_128});
  return {{"num_read", split.num_read},
          {"bucket_bytes", split.bucket_bytes},
          {"next_rank", split.next_rank},
          {"table_bytes", split.table_bytes},
          {"shards", shards}};
}

SplitProgress split_from_json(const Json& json) {
  SplitProgress split;
  json.at("num_read").get_to(split.num_read);
  json.at("bucket_bytes").get_to(split.bucket_bytes);
  json.at("next_rank").get_to(split.next_rank);
  json.at("table_bytes").get_to(split.table_bytes);
  for (const Json& s : json.at("shards")) {
    split.written.shards.push_back({s.at(0), s.at(1), s.at(2), s.at(3)});
    split.written.num_samples += split.written.shards.back().num_samples;
  }
  return split;
}

PrepareProgress from_json(const Json& json) {
  PrepareProgress progress;
  json.at("plan").get_to(progress.plan);
  json.at("options").get_to(progress.options);
  json.at("num_bad").get_to(progress.num_bad);
  json.at("bad_bytes").get_to(progress.bad_bytes);
  for (const auto& [name, split] : json.at("splits").items()) progress.splits[name] = split_from_json(split);
  return progress;
}

}  // namespace

PrepareProgress fresh_progress(const PreparePlan& plan, const PrepareOptions& options) {
  PrepareProgress progress;
  progress.options = fmt::format("--size {} --encoding {} --quality {} --shard-mib {} --seed {}{}", plan.size, plan.encoding,
                                 options.quality, options.shard_mib, options.seed, options.exif_orientation ? " --exif-orientation" : "");
  progress.plan = fingerprint(plan, progress.options);
  for (const SplitPlan& split : plan.splits) progress.splits[split.name];
  return progress;
}

std::optional<PrepareProgress> load_progress(const std::string& path, const PrepareProgress& fresh) {
  const std::string folder = path.substr(0, path.rfind('/'));
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  const std::string text = read_text_file(path, kMaxBytes);
  const std::string_view content = std::string_view(text).substr(std::min(text.size(), kHashBytes + 1));
  if (!text.starts_with(xxh3_of(content.data(), content.size()) + "\n"))
    fail(ExitCode::io_failed, "{}: damaged or changed: remove {} and start again", path, folder);
  const std::string_view line = content.substr(0, content.find('\n'));
  const std::string_view sums = content.substr(std::min(content.size(), line.size() + 1));
  PrepareProgress saved = from_json(Json::parse(line));
  if (saved.plan != fresh.plan) {
    const bool other_options = saved.options != fresh.options;
    fail(ExitCode::output_exists, "{}: belongs to a preparation {}: finish that one, or remove the folder to start again", folder,
         other_options ? fmt::format("with {}, not {}", saved.options, fresh.options) : "of other pictures or classes");
  }
  saved.statistics.resize(sums.size() / sizeof(std::uint64_t));
  std::memcpy(saved.statistics.data(), sums.data(), saved.statistics.size() * sizeof(std::uint64_t));
  return saved;
}

void save_progress(const std::string& path, const PrepareProgress& progress) {
  Json splits = Json::object();
  for (const auto& [name, split] : progress.splits) splits[name] = to_json(split);
  const Json json = {{"plan", progress.plan},
                     {"options", progress.options},
                     {"num_bad", progress.num_bad},
                     {"bad_bytes", progress.bad_bytes},
                     {"splits", splits}};
  std::string text = json.dump() + "\n";
  text.append(reinterpret_cast<const char*>(progress.statistics.data()), progress.statistics.size() * sizeof(std::uint64_t));
  write_file_atomically(path, xxh3_of(text.data(), text.size()) + "\n" + text);
}

}  // namespace alexnet
