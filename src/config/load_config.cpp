// Which file a name stands for, and the order of things: file, model.file, --set from left to right, reading, model.remove.
#include <algorithm>
#include <filesystem>
#include <set>

#include "alexnet/config/config.hpp"
#include "alexnet/core/error.hpp"
#include "config/reader.hpp"
#include "config/set_value.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

// Where names are looked for: the user's own configs, the installed ones, and those beside a build folder.
std::vector<fs::path> config_folders() {
  std::vector<fs::path> folders{"configs"};
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back(executable.parent_path().parent_path() / "share/alexnet/configs");
    folders.push_back(executable.parent_path().parent_path() / "configs");
  }
  return folders;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_directory(path, error);
}

[[noreturn]] void fail_not_found(const std::string& name) {
  std::set<std::string> known;
  for (const fs::path& folder : config_folders()) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".yaml") known.insert(entry.path().stem().string());
    }
  }
  const std::string nearest = nearest_name(fs::path(name).stem().string(), known);
  const std::string hint = nearest.empty() ? "" : "; did you mean " + nearest + "?";
  const std::string list = known.empty() ? "no named ones exist here" : fmt::format("by name there are {}", fmt::join(known, ", "));
  fail(ExitCode::no_input, "{}: there is no such configuration{} ({})", name, hint, list);
}

std::string find_config(const std::string& name) {
  if (is_file(name)) return name;
  if (is_file(fs::path(name) / "config.yaml")) return (fs::path(name) / "config.yaml").string();  // a run directory
  if (!name.empty() && name.find('/') == std::string::npos) {
    const std::string file = name.ends_with(".yaml") ? name : name + ".yaml";
    for (const fs::path& folder : config_folders()) {
      if (is_file(folder / file)) return (folder / file).string();
    }
  }
  fail_not_found(name);
}

// Messages quote keys and values as they were written; here they are cut to one line of a bearable length.
std::string one_line(const std::string& message) {
  constexpr std::size_t kLongest = 1000;
  std::string line;
  for (const char c : message.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else {
      line += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
  }
  return message.size() > kLongest ? line + "..." : line;
}

}  // namespace

Config parse_config(const std::string& yaml, const std::string& file, const std::vector<std::string>& sets) {
  try {
    Tree tree = parse_tree(yaml, file);
    expand_model_file(tree, fs::path(file).parent_path().string());
    for (const std::string& set : sets) apply_set(tree, set);
    return read_config(tree);
  } catch (const Error& e) {
    throw Error(e.code(), one_line(e.what()));
  }
}

Config load_config(const std::string& path, const std::vector<std::string>& sets) {
  const std::string file = find_config(path);
  return parse_config(read_yaml_file(file, file), file, sets);
}

}  // namespace alexnet
