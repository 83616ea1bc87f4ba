// Lists of pictures: lines "PATH LABEL", cut at the last blank or tab, so that paths may hold blanks. Paths are relative to the list's
// folder; labels are numbers or words.
//
// SOURCE is one list, or a folder with train.txt and perhaps val.txt and test.txt.
#include <algorithm>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "data/class_names.hpp"
#include "data/source_files.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListBytes = std::size_t{1} << 30;

struct Line {
  std::string_view path, label;
};

Line parse_line(std::string_view line) {
  const std::size_t blank = std::min(line.find_last_of(" \t"), line.size());
  const std::size_t end = line.substr(0, blank).find_last_not_of(" \t");
  return {line.substr(0, end == std::string_view::npos ? 0 : end + 1), line.substr(std::min(blank + 1, line.size()))};
}

// Throws where a picture is named twice with different labels; where the labels are the same too, one line counts.
void drop_repeated(FileSource& source, std::vector<SourceItem>& items, const std::vector<std::size_t>& lines, const std::string& list) {
  const std::uint64_t first = items.front().position;
  const auto line_of = [&](const SourceItem& item) { return lines[item.position - first]; };
  std::ranges::sort(items,
                    [](const SourceItem& a, const SourceItem& b) { return a.path != b.path ? a.path < b.path : a.position < b.position; });
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (items[i].path != items[i - 1].path || items[i].label == items[i - 1].label) continue;
    fail(ExitCode::bad_data, "{}:{}: {} has the label '{}' here and '{}' in line {}", list, line_of(items[i]), escaped(items[i].path),
         escaped(source.classes[static_cast<std::size_t>(items[i].label)].id),
         escaped(source.classes[static_cast<std::size_t>(items[i - 1].label)].id), line_of(items[i - 1]));
  }
  // (clang 14 cannot compile what std::ranges::unique returns.)
  const auto end = std::unique(items.begin(), items.end(), [](const SourceItem& a, const SourceItem& b) { return a.path == b.path; });
  if (end != items.end())
    source.remarks.push_back(fmt::format("{}: {} lines name a picture a second time: left out", list, items.end() - end));
  items.erase(end, items.end());
}

void read_list(FileSource& source, const std::string& list, const std::string& split) {
  const std::string text = read_text_file(list, kMaxListBytes);
  std::vector<SourceItem>& items = source.splits[split];
  std::vector<std::size_t> lines;
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    const Line parsed = parse_line(line);
    if (parsed.path.empty() || parsed.label.empty())
      fail(ExitCode::bad_data, "{}:{}: no label: must be PATH LABEL, is '{}'", list, number, escaped(line.substr(0, 80)));
    const std::string id(parsed.label);
    if (split != "train" && !source.find_class(id))
      fail(ExitCode::bad_data, "{}:{}: label '{}' is in no line of train.txt", list, number, escaped(id));
    source.add_file(items, std::string(parsed.path), source.add_class(id));
    lines.push_back(number);
  });
  if (items.empty()) fail(ExitCode::bad_data, "{}: no line in it; expected PATH LABEL, one a line", list);
  drop_repeated(source, items, lines, list);
}

// A folder may hold a train.txt and be something else: the list is taken when its first picture is there.
bool names_a_picture(const fs::path& list) {
  std::error_code error;
  if (!is_file(list) || fs::file_size(list, error) > kMaxListBytes) return false;
  try {
    bool found = false, first = true;
    for_each_line(read_text_file(list.string(), kMaxListBytes), [&](std::size_t, std::string_view line) {
      if (std::exchange(first, false)) found = is_file(list.parent_path() / parse_line(line).path);
    });
    return found;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool is_list_source(const std::string& path) {
  if (is_folder(path)) return names_a_picture(fs::path(path) / "train.txt");
  const std::string extension = fs::path(path).extension().string();
  return extension == ".txt" || extension == ".lst" || extension == ".tsv" || names_a_picture(path);
}

std::unique_ptr<Source> open_list_source(const std::string& path) {
  const bool one_list = !is_folder(path);
  const fs::path folder = one_list ? fs::path(path).parent_path() : fs::path(path);
  auto source = std::make_unique<FileSource>("list", folder);
  std::vector<std::string> lists;
  for (const char* split : {"train", "val", "test"}) {
    const fs::path list = one_list ? fs::path(path) : folder / (std::string(split) + ".txt");
    if (std::string_view(split) != "train" && (one_list || !is_file(list))) continue;
    read_list(*source, list.string(), split);
    lists.push_back(fmt::format("{} lines of {}", source->splits[split].size(), list.filename().string()));
  }
  give_names(source->classes, find_class_names(folder.empty() ? "." : folder));
  source->finish();
  source->summary = fmt::format("{} classes, {}", source->classes.size(), fmt::join(lists, ", "));
  return source;
}

}  // namespace alexnet
