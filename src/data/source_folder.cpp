// A folder of class folders, as is or in train/ and val/ (or valid/, validation/, test/). The classes are the folders' names in byte
// order, as torchvision's ImageFolder numbers them; pictures may lie deeper inside a class folder.
//
// With a validation folder, test/ is a split of its own; without one, test/ is the validation split.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "alexnet/core/error.hpp"
#include "data/source.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 30;
constexpr std::array<std::string_view, 14> kPictureExtensions = {".jpg", ".jpeg", ".jpe", ".jfif", ".png",  ".webp", ".ppm",
                                                                 ".gif", ".bmp",  ".tif", ".tiff", ".heic", ".avif", ".jp2"};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool has_picture_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return std::ranges::find(kPictureExtensions, extension) != kPictureExtensions.end();
}

// Entries in byte order of their names, without hidden ones.
std::vector<fs::directory_entry> list(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (!is_hidden(it->path())) entries.push_back(*it);
  }
  if (error) fail(ExitCode::no_input, "{}: the folder cannot be listed: {}", folder.string(), error.message());
  std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path().native(); });
  return entries;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

std::vector<std::string> subfolders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : list(folder)) {
    if (is_folder(entry)) names.push_back(entry.path().filename().string());
  }
  return names;
}

class FolderSource : public Source {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)) {}

  std::variant<EncodedPicture, Picture> load(const std::string&, const SourceItem& item) const override {
    const std::string path = (root_ / item.path).string();
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) fail(ExitCode::bad_data, "cannot be opened: {}", std::strerror(errno));
    struct Closer {
      int descriptor;
      ~Closer() { ::close(descriptor); }
    } closer{descriptor};
    std::error_code error;
    if (!fs::is_regular_file(path, error)) fail(ExitCode::bad_data, "not a file");
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) fail(ExitCode::bad_data, "cannot be read: {}", error.message());
    if (size > kMaxFileBytes) fail(ExitCode::bad_data, "{} bytes: more than {} in one picture", size, kMaxFileBytes);
    EncodedPicture bytes(size);
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(ExitCode::bad_data, "cannot be read: {}", std::strerror(errno));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  std::int32_t label_of(const std::string& name) const {
    return static_cast<std::int32_t>(std::ranges::find(classes, name, &ClassInfo::id) - classes.begin());
  }
  bool has_class(const std::string& name) const { return label_of(name) < static_cast<std::int32_t>(classes.size()); }

  // Adds the pictures below root/relative.
  void list_pictures(const fs::path& relative, std::int32_t label, std::vector<SourceItem>& items) {
    for (const auto& entry : list(root_ / relative)) {
      const fs::path path = relative / entry.path().filename();
      if (is_folder(entry)) {
        std::error_code error;
        if (!entry.is_symlink(error)) list_pictures(path, label, items);  // a linked folder may lead back to its parent
      } else if (has_picture_extension(path)) {
        items.push_back({path.string(), label, 0});
      } else {
        ++num_skipped_;
      }
    }
  }

  std::uint64_t num_skipped() const { return num_skipped_; }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
  std::uint64_t num_skipped_ = 0;
};

struct Folders {
  fs::path train;  // relative to the root; "" is the root itself
  std::optional<fs::path> val, test;
};

Folders find_splits(const fs::path& root) {
  const auto has_subfolders = [&](const char* name) { return fs::is_directory(root / name) && !subfolders(root / name).empty(); };
  Folders folders;
  if (!has_subfolders("train")) return folders;  // so a class may be called "train" or "val"
  folders.train = "train";
  for (const char* name : {"val", "valid", "validation"}) {
    if (!folders.val && has_subfolders(name)) folders.val = name;
  }
  if (has_subfolders("test")) (folders.val ? folders.test : folders.val) = "test";
  return folders;
}

// The class folders of a split other than train. None at all: the split is left out (Tiny ImageNet's unlabelled test/images).
std::vector<std::string> known_classes(FolderSource& source, const fs::path& folder) {
  std::vector<std::string> names = subfolders(source.root() / folder);
  const auto known = [&](const std::string& name) { return source.has_class(name); };
  const auto stranger = std::ranges::find_if_not(names, known);
  if (stranger == names.end()) return names;
  if (std::ranges::none_of(names, known)) {
    source.remarks.push_back(fmt::format("{}: left out: none of its folders is a class of train", (source.root() / folder).string()));
    return {};
  }
  fail(ExitCode::bad_data, "{}: no such class in train; add it there or remove it", (source.root() / folder / *stranger).string());
}

// Small square pictures that are all alike (CIFAR, Tiny ImageNet) stay as they are; a sample of them tells.
std::int64_t common_small_size(const FolderSource& source) {
  const auto& items = source.splits.at("train");
  constexpr std::size_t kSamples = 24;
  std::int64_t size = 0;
  for (std::size_t i = 0; i < std::min(kSamples, items.size()); ++i) {
    const SourceItem& item = items[i * items.size() / std::min(kSamples, items.size())];
    try {
      const Picture picture = decode_picture(std::get<EncodedPicture>(source.load("train", item)));
      if (picture.height != picture.width || (picture.width != 32 && picture.width != 64)) return 0;
      if (size != 0 && picture.width != size) return 0;
      size = picture.width;
    } catch (const Error&) {  // reported when it is its turn
    }
  }
  return size;
}

}  // namespace

std::unique_ptr<Source> open_folder_source(const std::string& folder) {
  auto source = std::make_unique<FolderSource>(folder);
  source->layout = "folder";
  const Folders folders = find_splits(folder);
  const fs::path train = source->root() / folders.train;
  const std::vector<std::string> names = subfolders(train);
  if (names.empty()) {
    fail(ExitCode::bad_data, "{}: holds no class folders; expected {}/CLASS/PICTURE.jpg, or the same inside train/ and val/",
         train.string(), folder);
  }
  std::vector<std::string> empty;
  auto& train_items = source->splits["train"];
  for (const std::string& name : names) {
    const std::size_t before = train_items.size();
    source->list_pictures(folders.train / name, static_cast<std::int32_t>(source->classes.size()), train_items);
    if (train_items.size() > before) {
      source->classes.push_back({name, name});
    } else {
      empty.push_back(name);
    }
  }
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
    for (const std::string& name : known) source->list_pictures(*where / name, source->label_of(name), items);
    if (items.empty()) fail(ExitCode::bad_data, "{}: no picture in any of its folders", (source->root() / *where).string());
    splits += fmt::format(" and {}/{}", where->string(), *where == split ? "" : fmt::format(" (as {})", split));
  }
  const auto loose =
      std::ranges::count_if(list(train), [](const auto& entry) { return !is_folder(entry) && has_picture_extension(entry.path()); });
  if (loose > 0)
    source->remarks.push_back(fmt::format("{}: {} in no class folder, left out", train.string(),
                                          loose == 1 ? "1 picture lies" : fmt::format("{} pictures lie", loose)));
  if (source->num_skipped() > 0) {
    source->remarks.push_back(fmt::format("{} files that are no pictures by their names were skipped", source->num_skipped()));
  }
  source->native_size = common_small_size(*source);
  source->summary = fmt::format("{} class folders{}", source->classes.size(), splits);
  return source;
}

}  // namespace alexnet
