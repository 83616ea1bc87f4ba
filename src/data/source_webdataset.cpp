// Other people's WebDataset shards: tars whose members belong together where their names agree up to the first dot, a picture and its
// label: 000012.jpg and 000012.cls (a number or a word) or 000012.json with a field "label", "cls" or "class".
//
// A word in the tars' names gives the splits (imagenet1k-validation-00.tar): train, val (valid, validation), test; everything else is
// train. A data set of `prepare` is read too: its dataset.json says what its numbers mean.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "data/source_files.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxClsBytes = 256, kMaxJsonBytes = 1 << 20;

// "some/folder/000012.seg.png" -> "some/folder/000012", and the rest "seg.png".
struct Name {
  std::string key, extension;
};
Name split_name(const std::string& name) {
  const std::size_t dot = std::min(name.find('.', name.rfind('/') + 1), name.size());
  return {name.substr(0, dot), name.substr(std::min(dot + 1, name.size()))};
}

bool is_picture(const std::string& extension) {
  return extension.find('.') == std::string::npos && has_picture_extension("x." + extension);
}
bool is_label(const std::string& extension) { return extension == "cls" || extension == "json"; }

class WebdatasetReader {
 public:
  WebdatasetReader(FileSource& source, std::vector<ClassInfo> known) : source_(source), known_(std::move(known)) {}

  void add_tar(const fs::path& path, const std::string& split) {
    tar_ = source_.add_tar(path.string());
    split_ = split;
    shown_ = path.filename().string() + "/";
    Sample sample;
    TarWalk walk = source_.walk_tar(tar_);
    for (TarMember member; walk.next(member);) {
      if (!member.is_file) continue;
      Name name = split_name(member.name);
      if (name.key != sample.key) {
        end_sample(sample);
        sample = {name.key, {}, {}};
      }
      if (is_picture(name.extension)) sample.picture = member;
      // A .cls says it in one word, and counts where there are both.
      if (is_label(name.extension) && (sample.label.name.empty() || name.extension == "cls")) sample.label = member;
    }
    end_sample(sample);
    if (!walk.has_end_mark())
      source_.remarks.push_back(fmt::format("{}: the end mark of a tar is missing: it may have been cut short", path.string()));
  }

  void end() {
    for (const auto& [split, count] : without_label_)
      source_.remarks.push_back(fmt::format("{}: {} pictures without a label (.cls or .json): left out", split, count));
    if (num_without_picture_ > 0)
      source_.remarks.push_back(fmt::format("{} labels without a picture (.jpg .jpeg .png .webp .ppm): left out", num_without_picture_));
  }

 private:
  struct Sample {
    std::string key;
    TarMember picture, label;  // no name: not there
  };

  void end_sample(const Sample& sample) {
    if (sample.picture.name.empty()) {
      num_without_picture_ += sample.label.name.empty() ? 0 : 1;
      return;
    }
    const std::string id = sample.label.name.empty() ? "" : read_label(sample.label);
    if (id.empty()) {
      ++without_label_[split_];
      return;
    }
    if (split_ != "train" && !source_.find_class(id))
      fail(ExitCode::bad_data, "{}{}: class '{}' is in no shard of train", place(), escaped(sample.label.name), escaped(id));
    source_.add_member(source_.splits[split_], shown_ + sample.picture.name, source_.add_class(id), tar_, sample.picture);
  }

  // A known data set's class id, else the number or word itself; "": a .json without a label.
  std::string read_label(const TarMember& member) const {
    const bool json = member.name.ends_with(".json");
    const std::uint64_t most = json ? kMaxJsonBytes : kMaxClsBytes;
    if (member.bytes > most)
      fail(ExitCode::bad_data, "{}{}: {} bytes, a label has {} at most", place(), escaped(member.name), member.bytes, most);
    std::string text(member.bytes, '\0');
    source_.tar(tar_).read_at(member.offset, reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    const std::string label = json ? label_in_json(text, member.name) : trimmed(text);
    if (label.empty() && !json) fail(ExitCode::bad_data, "{}{}: no label in it", place(), escaped(member.name));
    if (known_.empty()) return label;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool number = !label.empty() && label.size() < 8 && std::ranges::all_of(label, is_digit);
    if (!number || std::stoul(label) >= known_.size())
      fail(ExitCode::bad_data, "{}{}: class '{}', but dataset.json lists {} classes", place(), escaped(member.name), escaped(label),
           known_.size());
    return known_[std::stoul(label)].id;
  }

  std::string label_in_json(const std::string& text, const std::string& name) const {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) fail(ExitCode::bad_data, "{}{}: no JSON object", place(), escaped(name));
    for (const char* key : {"label", "cls", "class"}) {
      const auto found = json.find(key);
      if (found == json.end()) continue;
      if (found->is_string()) return found->get<std::string>();
      if (found->is_number_integer()) return found->dump();
      fail(ExitCode::bad_data, "{}{}: \"{}\" must be a whole number or a text", place(), escaped(name), key);
    }
    return "";
  }

  static std::string trimmed(const std::string& text) {
    constexpr const char* kBlanks = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  }

  std::string place() const { return source_.tar(tar_).path() + ": "; }

  FileSource& source_;
  std::vector<ClassInfo> known_;
  std::size_t tar_ = 0;
  std::string split_, shown_;
  std::map<std::string, std::uint64_t> without_label_;
  std::uint64_t num_without_picture_ = 0;
};

std::vector<fs::path> tars_in(const fs::path& folder) {
  std::vector<fs::path> tars;
  for (const auto& entry : list_folder(folder)) {
    if (entry.path().extension() == ".tar" && !is_folder(entry)) tars.push_back(entry.path());
  }
  return tars;
}

// By the first word that is one of a split, or by how the name begins.
std::string split_of(const fs::path& tar) {
  const std::string name(stem(tar.native()));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (auto at = name.begin(); at != name.end();) {
    const auto begin = std::find_if(at, name.end(), is_letter);
    at = std::find_if_not(begin, name.end(), is_letter);
    const std::string word(begin, at);
    if (word == "train" || word == "test") return word;
    if (word == "val" || word == "valid" || word == "validation") return "val";
  }
  return name.starts_with("val") ? "val" : name.starts_with("test") ? "test" : "train";
}

}  // namespace

bool is_webdataset_source(const std::string& path) {
  if (!is_folder(path) || !subfolders(path).empty()) return false;
  const std::vector<fs::path> tars = tars_in(path);
  if (tars.empty()) return false;
  try {
    FileSource source("", path);
    TarWalk walk = source.walk_tar(source.add_tar(tars.front().string()));
    TarMember member;
    bool picture = false, label = false;
    constexpr int kLookedAt = 32;
    for (int i = 0; i < kLookedAt && walk.next(member); ++i) {
      picture = picture || is_picture(split_name(member.name).extension);
      label = label || is_label(split_name(member.name).extension);
    }
    return picture && label;
  } catch (const Error&) {
    return tars.front().filename().string().starts_with("train");  // so that opening says what is wrong with it
  }
}

std::unique_ptr<Source> open_webdataset_source(const std::string& path) {
  auto source = std::make_unique<FileSource>("webdataset", path);
  std::map<std::string, std::vector<fs::path>> tars;
  for (const fs::path& tar : tars_in(path)) tars[split_of(tar)].push_back(tar);
  if (tars["train"].empty())
    fail(ExitCode::no_input, "{}: no shard of the training pictures: no .tar, or all are called val or test", path);
  if (tars["val"].empty()) tars["val"].swap(tars["test"]);
  const bool prepared = is_file(source->root() / "dataset.json");
  const std::vector<ClassInfo> known = prepared ? read_manifest(path).classes : std::vector<ClassInfo>{};
  WebdatasetReader reader(*source, known);
  std::size_t num_shards = 0;
  for (const char* split : {"train", "val", "test"}) {
    for (const fs::path& tar : tars[split]) reader.add_tar(tar, split);
    num_shards += tars[split].size();
  }
  reader.end();
  if (source->splits["train"].empty())
    fail(ExitCode::bad_data, "{}: no picture with a label in {} shards; a sample is a picture and its .cls or .json", path,
         tars["train"].size());
  for (ClassInfo& info : source->classes) {
    const auto found = std::ranges::find(known, info.id, &ClassInfo::id);
    if (found != known.end()) info.name = found->name;
  }
  source->finish();
  source->summary = fmt::format("{} classes in {} shards{}", source->classes.size(), num_shards, prepared ? ", named by dataset.json" : "");
  return source;
}

}  // namespace alexnet
