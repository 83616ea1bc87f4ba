// Tiny ImageNet as published: train/n01443537/images/*.JPEG, val/images/*.JPEG with val/val_annotations.txt (name, class, box; tabs
// between them), words.txt with the names. The pictures of test/ have no labels.
#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "data/class_names.hpp"
#include "data/source_imagenet.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

constexpr const char* kAnnotations = "val/val_annotations.txt";

ValidationLabels read_annotations(const FileSource& source, const ClassNames& names) {
  ValidationLabels labels;
  labels.file = (source.root() / kAnnotations).string();
  const std::string text = read_text_file(labels.file);
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || tab == 0)
      fail(ExitCode::bad_data, "{}:{}: must be PICTURE<TAB>CLASS<TAB>box", labels.file, number);
    const std::string_view rest = line.substr(tab + 1);
    const std::string wnid(rest.substr(0, rest.find('\t')));
    if (!source.find_class(wnid) && names.count(wnid) == 0)
      fail(ExitCode::bad_data, "{}:{}: '{}' is no class: neither in train nor in words.txt", labels.file, number,
           escaped(wnid.substr(0, 40)));
    labels.add(number, stem(line.substr(0, tab)), wnid);
  });
  return labels;
}

}  // namespace

bool is_tiny_imagenet_source(const std::string& path) {
  const std::filesystem::path root = path;
  return is_folder(root / "train") && is_file(root / kAnnotations);
}

std::unique_ptr<Source> open_tiny_imagenet_source(const std::string& path) {
  auto source = std::make_unique<FileSource>("tiny-imagenet", path);
  if (!is_folder(source->root() / "train") || !is_file(source->root() / kAnnotations))
    fail(ExitCode::no_input, "{}: no train/ with {} beside it", path, kAnnotations);
  const ClassNames names = find_class_names(path);
  const std::filesystem::path train = source->root() / "train";
  for (const std::string& wnid : subfolders(train)) {
    // Beside images/ lies a file of boxes.
    if (is_folder(train / wnid / "images"))
      source->add_files_below(source->splits["train"], "train/" + wnid + "/images", source->add_class(wnid));
  }
  end_training(*source, train.string());
  const ValidationLabels labels = read_annotations(*source, names);
  Validation validation(*source, labels);
  validation.add_folder("val/images");
  validation.end((source->root() / "val/images").string());
  give_names(source->classes, names);
  if (is_folder(source->root() / "test"))
    source->remarks.push_back(fmt::format("{}: no labels, left out", (source->root() / "test").string()));
  source->finish();
  source->summary = fmt::format("{} classes, labels of val/ from {}{}", source->classes.size(), kAnnotations,
                                names.empty() ? "" : ", names from words.txt");
  return source;
}

}  // namespace alexnet
