// A folder of class folders, as is or in train/ and val/ (or valid/, validation/, test/). The classes are the folders' names in byte
// order, as torchvision's ImageFolder numbers them; pictures may lie deeper inside a class folder.
//
// With a validation folder, test/ is a split of its own; without one, test/ is the validation split.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "alexnet/core/error.hpp"
#include "data/class_names.hpp"
#include "data/source_files.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

struct Folders {
  fs::path train;  // relative to the root; "" is the root itself
  std::optional<fs::path> val, test;
};

Folders find_splits(const fs::path& root) {
  const auto has_subfolders = [&](const char* name) { return is_folder(root / name) && !subfolders(root / name).empty(); };
  Folders folders;
  if (!has_subfolders("train")) return folders;  // so a class may be called "train" or "val"
  folders.train = "train";
  for (const char* name : {"val", "valid", "validation"}) {
    if (!folders.val && has_subfolders(name)) folders.val = name;
  }
  if (has_subfolders("test")) (folders.val ? folders.test : folders.val) = "test";
  return folders;
}

// The class folders of a split other than train. None at all: the split is left out (unlabelled pictures in test/images).
std::vector<std::string> known_classes(FileSource& source, const fs::path& folder) {
  std::vector<std::string> names = subfolders(source.root() / folder);
  const auto known = [&](const std::string& name) { return source.find_class(name).has_value(); };
  const auto stranger = std::ranges::find_if_not(names, known);
  if (stranger == names.end()) return names;
  if (std::ranges::none_of(names, known)) {
    source.remarks.push_back(fmt::format("{}: left out: none of its folders is a class of train", (source.root() / folder).string()));
    return {};
  }
  fail(ExitCode::bad_data, "{}: no such class in train; add it there or remove it", (source.root() / folder / *stranger).string());
}

}  // namespace

std::unique_ptr<Source> open_folder_source(const std::string& folder) {
  auto source = std::make_unique<FileSource>("folder", folder);
  const Folders folders = find_splits(folder);
  const fs::path train = source->root() / folders.train;
  const std::vector<std::string> names = subfolders(train);
  if (names.empty()) {
    fail(ExitCode::bad_data, "{}: holds no class folders; expected {}/CLASS/PICTURE.jpg, or the same inside train/ and val/",
         train.string(), folder);
  }
  for (const std::string& name : names) source->add_files_below(source->splits["train"], folders.train / name, source->add_class(name));
  const std::vector<std::string> empty = source->drop_empty_classes();
  if (source->classes.empty()) {
    fail(ExitCode::bad_data, "{}: {} folders, but no picture in any of them (.jpg .jpeg .png .webp .ppm)", train.string(), names.size());
  }
  if (!empty.empty()) source->remarks.push_back(fmt::format("{}: no class: no picture in {}", train.string(), fmt::join(empty, ", ")));
  std::string splits = folders.train.empty() ? "" : ", train/";
  for (const auto& [split, where] : {std::pair{"val", folders.val}, std::pair{"test", folders.test}}) {
    if (!where) continue;
    const std::vector<std::string> known = known_classes(*source, *where);
    if (known.empty()) continue;
    auto& items = source->splits[split];
    for (const std::string& name : known) source->add_files_below(items, *where / name, *source->find_class(name));
    if (items.empty()) fail(ExitCode::bad_data, "{}: no picture in any of its folders", (source->root() / *where).string());
    splits += fmt::format(" and {}/{}", where->string(), *where == split ? "" : fmt::format(" (as {})", split));
  }
  const auto loose =
      std::ranges::count_if(list_folder(train), [](const auto& entry) { return !is_folder(entry) && has_picture_extension(entry.path()); });
  if (loose > 0)
    source->remarks.push_back(fmt::format("{}: {} in no class folder, left out", train.string(),
                                          loose == 1 ? "1 picture lies" : fmt::format("{} pictures lie", loose)));
  give_names(source->classes, find_class_names(folder));
  source->finish();
  source->summary = fmt::format("{} class folders{}", source->classes.size(), splits);
  return source;
}

}  // namespace alexnet
