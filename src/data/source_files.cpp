// A position is the number of a loose file in the order of listing, or kFirstMember + the number of a tar's member.
#include "data/source_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "alexnet/core/error.hpp"
#include "data/decode_formats.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFirstMember = std::uint64_t{1} << 40;
constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 30;
constexpr std::size_t kTarsHeldOpen = 64;

struct OfficialFile {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<OfficialFile, 2> kOfficialFiles = {
    {{"ILSVRC2012_img_train.tar", 147'897'477'120}, {"ILSVRC2012_img_val.tar", 6'744'924'160}}};

// By errno: what the machine lacks, or a disk that fails, is no fault of the picture and ends the run.
[[noreturn]] void fail_picture(const std::string& path, const char* what) {
  const int error = errno;
  if (error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == ESTALE)
    fail_reading(escaped(path), std::strerror(error));
  fail(ExitCode::bad_data, "cannot be {}: {}", what, std::strerror(error));
}

EncodedPicture read_picture_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_picture(path, "opened");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) fail_picture(path, "read");
  if (!S_ISREG(status.st_mode)) fail(ExitCode::bad_data, "not a file");
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > kMaxFileBytes) fail(ExitCode::bad_data, "{} bytes: more than {} in one picture", size, kMaxFileBytes);
  EncodedPicture bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_picture(path, "read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// Whole numbers come in the order of their values: "2" before "10".
struct ById {
  bool numeric;
  bool operator()(const std::string& a, const std::string& b) const {
    if (!numeric) return a < b;
    const auto digits = [](std::string_view text) { return text.substr(std::min(text.find_first_not_of('0'), text.size())); };
    const std::string_view x = digits(a), y = digits(b);
    return x.size() != y.size() ? x.size() < y.size() : x != y ? x < y : a < b;
  }
};

bool is_whole_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// By class, then file name, then path: the same however the pictures are stored.
bool comes_before(const SourceItem& a, const SourceItem& b) {
  if (a.label != b.label) return a.label < b.label;
  const std::string_view x = base_name(a.path), y = base_name(b.path);
  return x != y ? x < y : a.path < b.path;
}

// Small square pictures that are all alike (CIFAR, Tiny ImageNet) stay as they are; a sample of them tells.
std::int64_t common_small_size(const FileSource& source) {
  const auto found = source.splits.find("train");
  if (found == source.splits.end()) return 0;
  const auto& items = found->second;
  constexpr std::size_t kSamples = 24;
  std::int64_t size = 0;
  for (std::size_t i = 0; i < std::min(kSamples, items.size()); ++i) {
    const SourceItem& item = items[i * items.size() / std::min(kSamples, items.size())];
    try {
      const Picture picture = decode_picture(std::get<EncodedPicture>(source.load("train", item)));
      if (picture.height != picture.width || (picture.width != 32 && picture.width != 64)) return 0;
      if (size != 0 && picture.width != size) return 0;
      size = picture.width;
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;  // else it is reported when it is its turn
    }
  }
  return size;
}

}  // namespace

bool has_picture_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 14> kExtensions = {".jpg", ".jpeg", ".jpe", ".jfif", ".png",  ".webp", ".ppm",
                                                                   ".gif", ".bmp",  ".tif", ".tiff", ".heic", ".avif", ".jp2"};
  if (path.filename().native().starts_with('.')) return false;
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

std::vector<fs::directory_entry> list_folder(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) entries.push_back(*it);
  }
  if (error) fail(ExitCode::no_input, "{}: the folder cannot be listed: {}", folder.string(), error.message());
  std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path().native(); });
  return entries;
}

std::vector<std::string> subfolders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : list_folder(folder)) {
    if (is_folder(entry)) names.push_back(entry.path().filename().string());
  }
  return names;
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view stem(std::string_view path) {
  const std::string_view name = base_name(path);
  return name.substr(0, name.rfind('.'));
}

std::string told_size(const PositionedFile& file) {
  const auto* official = std::ranges::find(kOfficialFiles, base_name(file.path()), &OfficialFile::name);
  if (official == kOfficialFiles.end()) return fmt::format("the file has {} bytes", file.bytes());
  return fmt::format("the file has {} bytes, the official one {}", file.bytes(), official->bytes);
}

FileSource::FileSource(std::string layout_name, fs::path root) : root_(std::move(root)) { layout = std::move(layout_name); }

std::variant<EncodedPicture, Picture> FileSource::load(const std::string&, const SourceItem& item) const {
  if (item.position < kFirstMember) return read_picture_file((root_ / item.path).string());
  const Member& member = members_[item.position - kFirstMember];
  if (member.bytes > kMaxFileBytes) fail(ExitCode::bad_data, "{} bytes: more than {} in one picture", member.bytes, kMaxFileBytes);
  EncodedPicture bytes(member.bytes);
  tars_[member.tar]->read_at(member.offset, bytes.data(), bytes.size());
  return bytes;
}

std::uint64_t FileSource::known_bytes(const SourceItem& item) const {
  return item.position < kFirstMember ? 0 : members_[item.position - kFirstMember].bytes;
}

std::int32_t FileSource::add_class(const std::string& id) {
  const auto [at, is_new] = label_of_id_.try_emplace(id, static_cast<std::int32_t>(classes.size()));
  if (is_new) classes.push_back({id, id});
  return at->second;
}

std::optional<std::int32_t> FileSource::find_class(const std::string& id) const {
  const auto found = label_of_id_.find(id);
  return found == label_of_id_.end() ? std::nullopt : std::optional(found->second);
}

void FileSource::add_file(std::vector<SourceItem>& items, const std::string& path, std::int32_t label) {
  items.push_back({path, label, num_files_++});
}

void FileSource::add_files_below(std::vector<SourceItem>& items, const fs::path& folder, std::int32_t label) {
  for (const auto& entry : list_folder(root_ / folder)) {
    const fs::path path = folder / entry.path().filename();
    if (is_folder(entry)) {
      std::error_code error;
      if (!entry.is_symlink(error)) add_files_below(items, path, label);  // a linked folder may lead back to its parent
    } else if (has_picture_extension(path)) {
      add_file(items, path.string(), label);
    } else {
      count_skipped();
    }
  }
}

std::size_t FileSource::add_tar(const std::string& path) {
  auto file = std::make_unique<PositionedFile>(path);
  std::array<std::uint8_t, kTarBlock> head = {};
  const std::size_t head_bytes = std::min<std::size_t>(head.size(), file->bytes());
  file->read_at(0, head.data(), head_bytes);
  const bool is_empty_tar = head_bytes == kTarBlock && std::ranges::all_of(head, [](std::uint8_t b) { return b == 0; });
  if (!is_empty_tar && (head_bytes < kTarBlock || !is_tar_header(head.data()))) {
    const std::string what = formats::describe_unknown(std::span(head).first(head_bytes), "something else");
    fail(ExitCode::bad_data, "{}: {}, where a tar is needed; {}", path, what,
         what == "a gzip file" ? "gunzip it first" : told_size(*file) + ": fetch it again");
  }
  if (tars_.size() > kTarsHeldOpen) tars_.back()->let_go();  // one is looked through after the other
  tars_.push_back(std::move(file));
  return tars_.size() - 1;
}

TarWalk FileSource::walk_tar(std::size_t tar, const std::string& inner, std::uint64_t begin, std::uint64_t end) const {
  const PositionedFile& file = *tars_[tar];
  const auto read = [&file](std::uint64_t offset, std::uint8_t* to, std::size_t count) { file.read_at(offset, to, count); };
  return {read, begin, end, file.path() + (inner.empty() ? "" : ": " + inner), told_size(file) + ": fetch it again"};
}

void FileSource::add_member(std::vector<SourceItem>& items, const std::string& shown_path, std::int32_t label, std::size_t tar,
                            const TarMember& member) {
  const std::uint64_t bytes = std::min<std::uint64_t>(member.bytes, std::numeric_limits<std::uint32_t>::max());  // load() refuses those
  items.push_back({shown_path, label, kFirstMember + members_.size()});
  members_.push_back({member.offset, static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(tar)});
}

std::vector<std::string> FileSource::drop_empty_classes() {
  std::vector<char> used(classes.size(), 0);
  for (const SourceItem& item : splits["train"]) used[static_cast<std::size_t>(item.label)] = 1;
  std::vector<std::string> empty;
  std::vector<std::int32_t> new_label(classes.size(), -1);
  std::vector<ClassInfo> kept;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (used[c] == 0) {
      empty.push_back(classes[c].id);
      continue;
    }
    new_label[c] = static_cast<std::int32_t>(kept.size());
    kept.push_back(classes[c]);
  }
  if (empty.empty()) return empty;
  classes = std::move(kept);
  relabel(new_label);
  return empty;
}

void FileSource::finish() {
  std::vector<std::int32_t> order(classes.size());
  for (std::size_t c = 0; c < order.size(); ++c) order[c] = static_cast<std::int32_t>(c);
  const ById by_id{std::ranges::all_of(classes, is_whole_number, &ClassInfo::id)};
  std::ranges::sort(order, by_id, [&](std::int32_t c) -> const std::string& { return classes[static_cast<std::size_t>(c)].id; });
  std::vector<std::int32_t> new_label(classes.size());
  std::vector<ClassInfo> sorted;
  for (const std::int32_t c : order) {
    new_label[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(sorted.size());
    sorted.push_back(std::move(classes[static_cast<std::size_t>(c)]));
  }
  classes = std::move(sorted);
  relabel(new_label);
  for (auto& [split, items] : splits) {
    if (!std::ranges::is_sorted(items, comes_before)) std::ranges::sort(items, comes_before);
  }
  if (num_skipped_ > 0) this->remarks.push_back(fmt::format("{} files that are no pictures by their names were skipped", num_skipped_));
  native_size = common_small_size(*this);
}

void FileSource::relabel(const std::vector<std::int32_t>& new_label) {
  for (auto& [split, items] : splits) {
    for (SourceItem& item : items) item.label = new_label[static_cast<std::size_t>(item.label)];
  }
  label_of_id_.clear();
  for (std::size_t c = 0; c < classes.size(); ++c) label_of_id_[classes[c].id] = static_cast<std::int32_t>(c);
}

}  // namespace alexnet
