#include "data/devkit.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"
#include "data/source_files.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "ILSVRC2012_devkit_t12";
constexpr const char* kMeta = "data/meta.mat";
constexpr const char* kGroundTruth = "data/ILSVRC2012_validation_ground_truth.txt";
constexpr std::int64_t kMaxPartBytes = std::int64_t{1} << 26, kMaxArchiveBytes = std::int64_t{1} << 30;

using Parts = std::map<std::string, std::string>;  // kMeta and kGroundTruth -> contents

// From the .tar.gz, whatever it calls its outermost folder.
Parts read_archive(const std::string& path) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  if (!reader) throw std::bad_alloc();
  const auto reason = [&] {
    const char* text = archive_error_string(reader.get());
    return escaped(text == nullptr ? "no reason known" : text);
  };
  const auto refuse = [&] { fail(ExitCode::bad_data, "{}: damaged or cut short: {}; fetch it again", path, reason()); };
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  PositionedFile{path};  // says why it cannot be read, which libarchive does not
  bool warned = false;
  const auto is_readable = [&](int status) {  // a warning is of something beside the contents, such as a name in another alphabet
    if (status == ARCHIVE_WARN && !std::exchange(warned, true)) log::warning("{}: {}: read on", path, reason());
    return status == ARCHIVE_OK || status == ARCHIVE_WARN;
  };
  if (!is_readable(archive_read_open_filename(reader.get(), path.c_str(), 1 << 16))) refuse();
  Parts parts;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while (parts.size() < 2 && is_readable(status = archive_read_next_header(reader.get(), &entry))) {
    const char* name = archive_entry_pathname(entry);
    const std::int64_t bytes = archive_entry_size(entry);
    if (archive_filter_bytes(reader.get(), 0) > kMaxArchiveBytes || bytes > kMaxArchiveBytes)
      fail(ExitCode::bad_data, "{}: more than {} bytes in it: no devkit", path, kMaxArchiveBytes);
    for (const char* part : {kMeta, kGroundTruth}) {
      if (name == nullptr || !("/" + std::string(name)).ends_with("/" + std::string(part))) continue;
      if (bytes < 0 || bytes > kMaxPartBytes) fail(ExitCode::bad_data, "{}: {} has {} bytes, {} at most", path, part, bytes, kMaxPartBytes);
      std::string content(static_cast<std::size_t>(bytes), '\0');
      if (archive_read_data(reader.get(), content.data(), content.size()) != static_cast<la_ssize_t>(content.size())) refuse();
      parts[part] = std::move(content);
    }
  }
  if (status != ARCHIVE_EOF && !is_readable(status)) refuse();
  return parts;
}

Parts read_folder(const fs::path& path) {
  Parts parts;
  for (const char* part : {kMeta, kGroundTruth}) {
    if (is_file(path / part)) parts[part] = read_text_file((path / part).string(), kMaxPartBytes);
  }
  return parts;
}

// By ILSVRC id; each id and each wnid once.
std::vector<Synset> checked_classes(std::vector<Synset> classes, const std::string& path) {
  if (classes.empty()) fail(ExitCode::bad_data, "{}: no class in `synsets`: none without children; fetch the devkit again", path);
  std::ranges::sort(classes, {}, &Synset::wnid);
  const auto same_wnid = std::ranges::adjacent_find(classes, {}, &Synset::wnid);
  if (same_wnid != classes.end())
    fail(ExitCode::bad_data, "{}: two classes have the WordNet id {}; fetch the devkit again", path, same_wnid->wnid);
  std::ranges::sort(classes, {}, &Synset::ilsvrc_id);
  const auto same_id = std::ranges::adjacent_find(classes, {}, &Synset::ilsvrc_id);
  if (same_id != classes.end())
    fail(ExitCode::bad_data, "{}: two classes have the ILSVRC id {}; fetch the devkit again", path, same_id->ilsvrc_id);
  return classes;
}

std::vector<std::string> read_ground_truth(const std::string& text, const std::vector<Synset>& classes, const std::string& path) {
  std::vector<std::string> wnids;
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    std::int64_t id = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), id);
    const auto found = std::ranges::lower_bound(classes, id, {}, &Synset::ilsvrc_id);
    if (error != std::errc() || stop != line.data() + line.size() || found == classes.end() || found->ilsvrc_id != id)
      fail(ExitCode::bad_data, "{}:{}: '{}' is no ILSVRC id of a class in meta.mat ({} to {}); fetch the devkit again", path, number,
           escaped(line.substr(0, 40)), classes.front().ilsvrc_id, classes.back().ilsvrc_id);
    if (number != wnids.size() + 1)
      fail(ExitCode::bad_data, "{}:{}: a blank line before this one: line k must be the label of picture k", path, number);
    wnids.push_back(found->wnid);
  });
  return wnids;
}

}  // namespace

fs::path find_devkit(const fs::path& folder) {
  const fs::path parent = fs::absolute(folder / "").lexically_normal().parent_path().parent_path();
  for (const fs::path& place : {folder, parent}) {
    const std::string archive = std::string(kName) + ".tar.gz";
    if (is_file(place / archive)) return place / archive;
    if (is_folder(place / kName)) return place / kName;
  }
  return {};
}

Devkit read_devkit(const fs::path& path) {
  Parts parts = is_folder(path) ? read_folder(path) : read_archive(path.string());
  for (const char* part : {kMeta, kGroundTruth}) {
    if (parts.count(part) == 0) fail(ExitCode::no_input, "{}: no {} in it; fetch {}.tar.gz again", path.string(), part, kName);
  }
  Devkit devkit;
  const std::string meta_path = (path / kMeta).string(), &meta = parts[kMeta];
  devkit.ground_truth = (path / kGroundTruth).string();
  devkit.classes = checked_classes(read_synsets({reinterpret_cast<const std::uint8_t*>(meta.data()), meta.size()}, meta_path), meta_path);
  devkit.val_wnid = read_ground_truth(parts[kGroundTruth], devkit.classes, devkit.ground_truth);
  return devkit;
}

bool is_wnid(std::string_view text) {
  return text.size() == 9 && text[0] == 'n' && std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace alexnet
