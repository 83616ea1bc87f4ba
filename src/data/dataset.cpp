// dataset.json: DatasetManifest <-> JSON. Every field is checked when it is read; keys that are not known are ignored, so that a later
// version may add some without a new format version.
#include "alexnet/data/dataset.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::uint64_t kMaxSize = 8192;
constexpr std::uint64_t kMaxClasses = 1'000'000;
constexpr std::uint64_t kMaxSamples = std::numeric_limits<std::uint32_t>::max();  // an epoch's order holds 32-bit indices
constexpr std::uint64_t kMaxShardBytes = std::uint64_t{1} << 42;
constexpr std::uint64_t kMaxBadFiles = std::uint64_t{1} << 53;

// A value of the file together with its place, for messages.
class Node {
 public:
  Node(const Json& value, const std::string& file, std::string key) : value_(value), file_(file), key_(std::move(key)) {}

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::bad_data, "{}: {}: {}; the file is damaged, make the data set again with `alexnet prepare`", file_,
         key_.empty() ? "whole file" : "key " + key_, fmt::format(format, std::forward<Args>(args)...));
  }

  const Json& object() const {
    if (!value_.is_object()) reject("must be an object, is {}", described());
    return value_;
  }
  const Json& array() const {
    if (!value_.is_array()) reject("must be a list, is {}", described());
    return value_;
  }
  Node member(const std::string& name) const {
    const auto found = object().find(name);
    const Node node(found == value_.end() ? value_ : *found, file_, key_.empty() ? name : key_ + "." + name);
    if (found == value_.end()) node.reject("missing");
    return node;
  }
  Node element(std::size_t i) const { return {array().at(i), file_, fmt::format("{}[{}]", key_, i)}; }

  std::uint64_t integer(std::uint64_t low, std::uint64_t high) const {
    if (!value_.is_number_integer()) reject("must be a whole number, is {}", described());
    const bool negative = !value_.is_number_unsigned() && value_.get<std::int64_t>() < 0;
    if (negative || value_.get<std::uint64_t>() < low || value_.get<std::uint64_t>() > high)
      reject("must be from {} to {}, is {}", low, high, described());
    return value_.get<std::uint64_t>();
  }
  std::string text() const {
    if (!value_.is_string()) reject("must be a text, is {}", described());
    const auto& text = value_.get_ref<const std::string&>();
    if (text.size() > kMaxTextBytes) reject("a text of {} bytes, {} at most", text.size(), kMaxTextBytes);
    return text;
  }

 private:
  std::string described() const {
    if (value_.is_structured()) return value_.is_array() ? "a list" : "an object";
    const std::string text = value_.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  }

  const Json& value_;
  const std::string& file_;
  std::string key_;
};

// Files lie beside the manifest: a path that leads elsewhere is refused.
void require_plain_name(const Node& node, const std::string& name, std::string_view extension = "") {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x1f && c != 0x7f && c != '/' && c != '\\'; });
  if (!plain || name.size() <= extension.size() || name.size() > 255 || name.front() == '.' || !name.ends_with(extension))
    node.reject("'{}' is not a plain file name{}", plain ? name : Json(name).dump(-1, ' ', true, Json::error_handler_t::replace),
                extension.empty() ? "" : fmt::format(" that ends in {}", extension));
}

std::string read_hash(const Node& node) {
  const std::string hash = node.text();
  const bool hex = std::all_of(hash.begin(), hash.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!hex || (!hash.empty() && hash.size() != 32)) node.reject("must be 32 hexadecimal digits, or empty");
  return hash;
}

ShardInfo read_shard(const Node& node) {
  ShardInfo shard;
  const Node file = node.member("file");
  shard.file = file.text();
  require_plain_name(file, shard.file, ".tar");
  shard.num_samples = node.member("num_samples").integer(0, kMaxSamples);
  shard.bytes = node.member("bytes").integer(0, kMaxShardBytes);
  shard.xxh3_128 = read_hash(node.member("xxh3_128"));
  return shard;
}

SplitInfo read_split(const Node& node) {
  SplitInfo split;
  const Node count = node.member("num_samples");
  split.num_samples = count.integer(0, kMaxSamples);
  const Node shards = node.member("shards");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < shards.array().size(); ++i) {
    split.shards.push_back(read_shard(shards.element(i)));
    sum += split.shards.back().num_samples;
    if (sum > kMaxSamples) break;
  }
  if (sum != split.num_samples) count.reject("is {}, but the shards' num_samples add up to {}", split.num_samples, sum);
  return split;
}

std::vector<ClassInfo> read_classes(const Node& node) {
  const std::size_t count = node.array().size();
  if (count < 1 || count > kMaxClasses) node.reject("{} classes; there must be from 1 to {}", count, kMaxClasses);
  std::vector<ClassInfo> classes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Node entry = node.element(i);
    const Node index = entry.member("index");
    if (index.integer(0, kMaxClasses) != i) index.reject("must be {}, the entry's place in the list", i);
    classes[i] = {entry.member("id").text(), entry.member("name").text()};
  }
  return classes;
}

DatasetManifest read_fields(const Node& root, const std::string& path) {
  DatasetManifest m;
  const std::uint64_t version = root.member("format_version").integer(1, std::numeric_limits<int>::max());
  if (version > kFormatVersion)
    fail(ExitCode::bad_data, "{}: format_version {} is newer than this program's {}; use a newer alexnet, or make the data set again", path,
         version, kFormatVersion);
  m.format_version = static_cast<int>(version);
  m.layout = root.member("layout").text();
  m.source = root.member("source").text();
  m.size = static_cast<std::int64_t>(root.member("size").integer(1, kMaxSize));
  m.encoding = root.member("encoding").text();
  if (m.encoding != "jpeg" && m.encoding != "raw") root.member("encoding").reject("must be jpeg or raw");
  m.quality = static_cast<std::int64_t>(root.member("quality").integer(0, 100));
  m.resampler = root.member("resampler").text();
  m.seed = root.member("seed").integer(0, std::numeric_limits<std::uint64_t>::max());
  m.classes = read_classes(root.member("classes"));
  const Node splits = root.member("splits");
  for (const auto& [name, value] : splits.object().items()) m.splits[name] = read_split(splits.member(name));
  if (m.splits.empty()) splits.reject("no split");
  m.num_bad_files = root.member("num_bad_files").integer(0, kMaxBadFiles);
  if (root.object().contains("files")) {  // since 2026-11
    const Node files = root.member("files");
    for (const auto& [name, value] : files.object().items()) {
      require_plain_name(files, name);
      m.files[name] = read_hash(files.member(name));
    }
  }
  return m;
}

}  // namespace

DatasetManifest read_manifest(const std::string& folder) {
  const std::string path = folder + "/dataset.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    fail(ExitCode::no_input, "data set {}: no dataset.json there; make one with `alexnet prepare SOURCE {}`", folder, folder);
  const std::string text = read_text_file(path);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    fail(ExitCode::bad_data, "{}: no valid JSON: {}; make the data set again with `alexnet prepare`", path, e.what());
  }
  return read_fields(Node(json, path, ""), path);
}

void write_manifest(const std::string& folder, const DatasetManifest& m) {
  nlohmann::ordered_json json = {{"format_version", m.format_version},
                                 {"layout", m.layout},
                                 {"source", m.source},
                                 {"size", m.size},
                                 {"encoding", m.encoding},
                                 {"quality", m.quality},
                                 {"resampler", m.resampler},
                                 {"seed", m.seed},
                                 {"num_bad_files", m.num_bad_files}};
  auto& splits = json["splits"] = nlohmann::ordered_json::object();
  for (const auto& [name, split] : m.splits) {
    auto shards = nlohmann::ordered_json::array();
    for (const ShardInfo& s : split.shards)
      shards.push_back({{"file", s.file}, {"num_samples", s.num_samples}, {"bytes", s.bytes}, {"xxh3_128", s.xxh3_128}});
    splits[name] = {{"num_samples", split.num_samples}, {"shards", shards}};
  }
  if (!m.files.empty()) json["files"] = m.files;
  auto& classes = json["classes"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < m.classes.size(); ++i)
    classes.push_back({{"index", i}, {"id", m.classes[i].id}, {"name", m.classes[i].name}});
  // Folder names may be no UTF-8, which JSON must be: such bytes become U+FFFD.
  write_file_atomically(folder + "/dataset.json", json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace alexnet
