#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "alexnet/core/error.hpp"
#include "config/set_value.hpp"

namespace alexnet {
namespace {

bool names_a_file(const Tree& file) {
  const bool null =
      file.kind == Tree::Kind::null || (file.kind == Tree::Kind::scalar && !file.quoted && (file.text == "null" || file.text == "~"));
  return !null;
}

}  // namespace

std::string read_yaml_file(const std::string& path, const std::string& what) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) fail(ExitCode::no_input, "{}: is a folder, not a YAML file", what);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(ExitCode::no_input, "{}: cannot be read: {}", what, std::strerror(errno));
  std::string text(kMaxConfigBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) fail(ExitCode::no_input, "{}: reading failed", what);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxConfigBytes)
    fail(ExitCode::configuration, "{}: larger than {} bytes; that is no configuration", what, kMaxConfigBytes);
  return text;
}

void expand_model_file(Tree& tree, const std::string& folder) {
  Tree* model = tree.kind == Tree::Kind::map ? tree.find("model") : nullptr;
  if (model == nullptr || model->kind != Tree::Kind::map) return;
  const Tree* file = model->find("file");
  if (file == nullptr || !names_a_file(*file)) return;
  if (file->kind != Tree::Kind::scalar)
    fail(ExitCode::configuration, "{}: key model.file must be text, not {}", file->where(), describe_node(*file));
  for (const char* key : {"layers", "defaults"}) {
    const Tree* own = model->find(key);
    if (own != nullptr)
      fail(ExitCode::configuration, "{}: key model.{} beside model.file: the layers come from that file; use one of the two", own->where(),
           key);
  }
  const std::filesystem::path named(file->text);
  const std::string path = named.is_absolute() ? named.string() : (std::filesystem::path(folder) / named).string();
  const Tree other = parse_tree(read_yaml_file(path, fmt::format("{}: key model.file: {}", file->where(), path)), path);
  const Tree* base = other.kind == Tree::Kind::map ? other.find("model") : nullptr;
  if (base == nullptr || base->kind != Tree::Kind::map)
    fail(ExitCode::configuration, "{}: key model.file: {} has no block model", file->where(), path);
  const Tree* base_file = base->find("file");
  if (base_file != nullptr && names_a_file(*base_file)) {
    fail(ExitCode::configuration, "{}: key model.file: {} takes its model from a file itself; name that one", base_file->where(), path);
  }
  Tree merged = *base;
  for (const Tree::Entry& entry : model->entries) {  // what stands beside `file` wins
    merged.set(entry.key, entry.value);
  }
  *model = std::move(merged);
}

}  // namespace alexnet
