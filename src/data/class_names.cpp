#include "data/class_names.hpp"

#include <string_view>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "data/source_files.hpp"
#include "data/text_lines.hpp"

namespace alexnet {

ClassNames read_class_names(const std::string& path) {
  ClassNames names;
  const std::string text = read_text_file(path);
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    const std::size_t blank = line.find_first_of(" \t");
    const std::size_t begin = std::min(line.find_first_not_of(" \t", blank), line.size());
    const std::string id(line.substr(0, blank));
    if (begin < line.size() && !names.emplace(id, line.substr(begin)).second)
      fail(ExitCode::bad_data, "{}:{}: class {} is named a second time; remove one of the lines", path, number, escaped(id));
  });
  return names;
}

ClassNames find_class_names(const std::filesystem::path& folder) {
  for (const char* name : {"LOC_synset_mapping.txt", "words.txt"}) {
    if (is_file(folder / name)) return read_class_names((folder / name).string());
  }
  return {};
}

void give_names(std::vector<ClassInfo>& classes, const ClassNames& names) {
  for (ClassInfo& info : classes) {
    const auto found = names.find(info.id);
    if (found != names.end()) info.name = found->second;
  }
}

}  // namespace alexnet
