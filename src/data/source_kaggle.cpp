// ImageNet as Kaggle's competition packs it: ILSVRC/Data/CLS-LOC/train/n01440764/*.JPEG and val/*.JPEG; the labels of val are in
// LOC_val_solution.csv ("ILSVRC2012_val_00048981,n03995372 85 1 499 272": the first word is the class, boxes follow), the names in
// LOC_synset_mapping.txt. Both lie above the pictures, in any of the folders that lead to them.
#include <algorithm>
#include <optional>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "data/class_names.hpp"
#include "data/source_imagenet.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSolution = "LOC_val_solution.csv";
constexpr const char* kNames = "LOC_synset_mapping.txt";

// The folder of train/ and val/, relative to the source.
std::optional<fs::path> picture_folder(const fs::path& source) {
  for (const char* below : {"ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC"}) {
    if (is_folder(source / below / "train")) return below;
  }
  const bool is_it = fs::absolute(source / "").lexically_normal().parent_path().filename() == "CLS-LOC" || is_file(source / kSolution);
  return is_it && is_folder(source / "train") ? std::optional<fs::path>("") : std::nullopt;
}

// In the pictures' folder or in one of the three above it; "": nowhere.
fs::path find_above(const fs::path& pictures, const char* name) {
  fs::path folder = fs::absolute(pictures / "").lexically_normal().parent_path();
  for (int i = 0; i < 4; ++i, folder = folder.parent_path()) {
    if (is_file(folder / name)) return folder / name;
  }
  return {};
}

ValidationLabels read_solution(const std::string& path, const FileSource& source, const ClassNames& names) {
  ValidationLabels labels;
  labels.file = path;
  const std::string text = read_text_file(path);
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    const std::size_t comma = line.find(',');
    if (number == 1 && line.starts_with("ImageId")) return;
    if (comma == std::string_view::npos || comma == 0) fail(ExitCode::bad_data, "{}:{}: must be PICTURE,CLASS and boxes", path, number);
    const std::string_view rest = line.substr(comma + 1);
    const std::string wnid(rest.substr(0, rest.find(' ')));
    if (!source.find_class(wnid) && names.count(wnid) == 0)
      fail(ExitCode::bad_data, "{}:{}: '{}' is no class: neither in train nor in {}", path, number, escaped(wnid.substr(0, 40)), kNames);
    labels.add(number, line.substr(0, comma), wnid);
  });
  return labels;
}

}  // namespace

bool is_kaggle_source(const std::string& path) { return picture_folder(path).has_value(); }

std::unique_ptr<Source> open_kaggle_source(const std::string& path) {
  const std::optional<fs::path> pictures = picture_folder(path);
  if (!pictures) fail(ExitCode::no_input, "{}: no ILSVRC/Data/CLS-LOC/train in it", path);
  auto source = std::make_unique<FileSource>("kaggle", path);
  const fs::path folder = source->root() / *pictures, names_file = find_above(folder, kNames), solution = find_above(folder, kSolution);
  const ClassNames names = names_file.empty() ? ClassNames{} : read_class_names(names_file.string());
  add_training_folder(*source, (*pictures / "train").string());
  end_training(*source, (folder / "train").string());
  const bool has_val = is_folder(folder / "val");
  if (has_val) {
    ValidationLabels labels;
    if (!solution.empty()) labels = read_solution(solution.string(), *source, names);
    labels.wanted = kSolution;
    labels.wanted_in = path;
    Validation validation(*source, labels);
    validation.add_folder((*pictures / "val").string());
    validation.end((folder / "val").string());
  }
  give_names(source->classes, names);
  source->finish();
  source->summary = fmt::format(
      "{} classes{}{}{}", source->classes.size(), has_val ? fmt::format(", labels of val/ from {}", kSolution) : "",
      names.empty() ? "" : fmt::format(", names from {}", kNames), is_folder(folder / "test") ? "; test/ has no labels: left out" : "");
  return source;
}

}  // namespace alexnet
