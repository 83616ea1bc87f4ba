// ImageNet's training and validation pictures of 2012 as they are published: ILSVRC2012_img_train.tar (a tar of 1000 tars),
// ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz. Each may also be unpacked: train/, val/ (flat or sorted into class folders),
// ILSVRC2012_devkit_t12/. Nothing is unpacked here: pictures are read at their places in the tars.
#include <algorithm>

#include "alexnet/core/error.hpp"
#include "data/class_names.hpp"
#include "data/source_imagenet.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrainTar = "ILSVRC2012_img_train.tar";
constexpr const char* kValTar = "ILSVRC2012_img_val.tar";
constexpr const char* kValPicture = "ILSVRC2012_val_";

bool holds_flat_validation(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().starts_with(kValPicture)) return true;
  }
  return false;
}

// A folder train/ beside a devkit may be of something else: pets in data/pets/train/cat/, the devkit in data/.
bool holds_wnid_classes(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_wnid(it->path().stem().native())) return true;
  }
  return false;
}

struct Pieces {
  fs::path folder, train_tar, val_tar, devkit;  // "": not there
  bool has_train_folder = false, has_val_folder = false;
};

Pieces find_pieces(const fs::path& source) {
  Pieces pieces;
  const bool is_tar = is_file(source);
  pieces.folder = !is_tar ? source : source.has_parent_path() ? source.parent_path() : fs::path(".");
  if (is_tar || is_file(source / kTrainTar)) pieces.train_tar = is_tar ? source : source / kTrainTar;
  if (is_file(pieces.folder / kValTar)) pieces.val_tar = pieces.folder / kValTar;
  pieces.has_train_folder = is_folder(pieces.folder / "train");
  pieces.has_val_folder = is_folder(pieces.folder / "val");
  pieces.devkit = find_devkit(pieces.folder);
  return pieces;
}

ValidationLabels labels_of(const Devkit& devkit) {
  ValidationLabels labels;
  labels.file = devkit.ground_truth;
  for (std::size_t k = 0; k < devkit.val_wnid.size(); ++k) labels.wnid_of[fmt::format("{}{:08}", kValPicture, k + 1)] = devkit.val_wnid[k];
  return labels;
}

}  // namespace

bool is_ilsvrc2012_source(const std::string& path) {
  if (is_file(path)) return base_name(path) == kTrainTar || begins_with_class_tar(path);
  const Pieces pieces = find_pieces(path);
  if (!pieces.train_tar.empty() || !pieces.val_tar.empty()) return true;
  return holds_wnid_classes(pieces.folder / "train") && (!pieces.devkit.empty() || holds_flat_validation(pieces.folder / "val"));
}

std::unique_ptr<Source> open_ilsvrc2012_source(const std::string& path) {
  const Pieces pieces = find_pieces(path);
  auto source = std::make_unique<FileSource>("ilsvrc2012", pieces.folder);
  Devkit devkit;
  ValidationLabels labels;
  labels.wanted = "ILSVRC2012_devkit_t12.tar.gz";
  labels.wanted_in = pieces.folder.string();
  if (!pieces.devkit.empty()) {
    devkit = read_devkit(pieces.devkit);
    labels = labels_of(devkit);
  }
  std::vector<std::string> found;
  if (!pieces.train_tar.empty()) {
    add_training_tar(*source, pieces.train_tar.string());
    found.push_back("train: " + pieces.train_tar.filename().string());
  } else if (pieces.has_train_folder) {
    add_training_folder(*source, "train");
    found.emplace_back("train: train/");
  } else {
    fail(ExitCode::no_input, "{}: the training pictures are missing: put {} or the folder train/ there", pieces.folder.string(), kTrainTar);
  }
  end_training(*source, pieces.train_tar.empty() ? (pieces.folder / "train").string() : pieces.train_tar.string());
  if (!pieces.val_tar.empty() || pieces.has_val_folder) {
    Validation validation(*source, labels);
    const bool packed = !pieces.val_tar.empty();
    packed ? validation.add_tar(pieces.val_tar.string()) : validation.add_folder("val");
    validation.end(packed ? pieces.val_tar.string() : (pieces.folder / "val").string());
    found.push_back(packed ? fmt::format("val: {}", kValTar) : "val: val/");
  }
  if (!pieces.devkit.empty()) {
    ClassNames names;
    for (const Synset& synset : devkit.classes) {
      if (!synset.words.empty()) names[synset.wnid] = synset.words;
    }
    give_names(source->classes, names);
    found.push_back("labels and names: " + pieces.devkit.filename().string());
  } else {
    give_names(source->classes, find_class_names(pieces.folder));
  }
  source->finish();
  source->summary = fmt::format("{} classes; {}", source->classes.size(), fmt::join(found, ", "));
  return source;
}

}  // namespace alexnet
