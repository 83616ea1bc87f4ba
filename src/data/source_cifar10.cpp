// CIFAR-10 as published in its binary version: data_batch_1.bin ... data_batch_5.bin, test_batch.bin, batches.meta.txt.
//
// A record is 1 byte of label and 3,072 bytes of pixels: 32 rows of red, then of green, then of blue. test_batch becomes `val`.
#include <algorithm>
#include <filesystem>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "data/positioned_file.hpp"
#include "data/source.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 32;
constexpr std::size_t kPixelBytes = kSide * kSide * 3;
constexpr std::size_t kRecordBytes = 1 + kPixelBytes;
constexpr std::size_t kNumClasses = 10;
constexpr std::uint64_t kRecordsPerFile = std::uint64_t{1} << 32;  // position = file * kRecordsPerFile + record

class Cifar10Source : public Source {
 public:
  std::variant<EncodedPicture, Picture> load(const std::string&, const SourceItem& item) const override {
    std::uint8_t planes[kPixelBytes];
    files_[item.position / kRecordsPerFile]->read_at((item.position % kRecordsPerFile) * kRecordBytes + 1, planes, kPixelBytes);
    Picture picture{kSide, kSide, std::vector<std::uint8_t>(kPixelBytes)};
    for (std::size_t i = 0; i < kPixelBytes; ++i) picture.rgb[i] = planes[i % 3 * (kSide * kSide) + i / 3];
    return picture;
  }

  void add_file(const fs::path& path, const std::string& split) {
    const std::uint64_t bytes = fs::file_size(path);
    if (bytes == 0 || bytes % kRecordBytes != 0) {
      fail(ExitCode::bad_data, "{}: {} bytes, not a whole number of CIFAR-10 records of {} bytes; fetch it again", path.string(), bytes,
           kRecordBytes);
    }
    files_.push_back(std::make_unique<PositionedFile>(path.string()));
    const std::uint64_t count = bytes / kRecordBytes;
    for (std::uint64_t record = 0; record < count; ++record) {
      std::uint8_t label = 0;
      files_.back()->read_at(record * kRecordBytes, &label, 1);
      if (label >= kNumClasses) fail(ExitCode::bad_data, "{}: record {} has label {}; CIFAR-10 has 0 to 9", path.string(), record, label);
      splits[split].push_back(
          {fmt::format("{}#{}", path.filename().string(), record), label, (files_.size() - 1) * kRecordsPerFile + record});
    }
  }

 private:
  std::vector<std::unique_ptr<PositionedFile>> files_;
};

std::vector<ClassInfo> read_class_names(const fs::path& folder) {
  std::vector<ClassInfo> classes;
  if (fs::exists(folder / "batches.meta.txt")) {
    const std::string text = read_text_file((folder / "batches.meta.txt").string(), 1 << 16);
    for_each_line(text, [&](std::size_t, std::string_view line) { classes.push_back({std::string(line), std::string(line)}); });
    if (classes.size() != kNumClasses) {
      fail(ExitCode::bad_data, "{}: {} class names; CIFAR-10 has {}", (folder / "batches.meta.txt").string(), classes.size(), kNumClasses);
    }
    return classes;
  }
  for (const char* name : {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"})
    classes.push_back({name, name});
  return classes;
}

std::vector<fs::path> batch_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(it->path());
  }
  std::ranges::sort(files);
  return files;
}

// The archive unpacks into a folder of its own: both that and its parent are taken.
fs::path binary_folder(const fs::path& folder) {
  const fs::path inner = folder / "cifar-10-batches-bin";
  return batch_files(folder).empty() && fs::is_directory(inner) ? inner : folder;
}

}  // namespace

bool is_cifar10_source(const std::string& folder) {
  return !batch_files(binary_folder(folder)).empty() || fs::exists(fs::path(folder) / "data_batch_1");
}

std::unique_ptr<Source> open_cifar10_source(const std::string& folder) {
  const fs::path path = binary_folder(folder);
  const std::vector<fs::path> batches = batch_files(path);
  if (batches.empty()) {
    fail(ExitCode::bad_data, "{}: no data_batch_*.bin{}", folder,
         fs::exists(path / "data_batch_1") ? "; this is the Python version of CIFAR-10, fetch the binary version (cifar-10-binary.tar.gz)"
                                           : "");
  }
  auto source = std::make_unique<Cifar10Source>();
  source->layout = "cifar10";
  source->native_size = kSide;
  source->classes = read_class_names(path);
  for (const fs::path& file : batches) source->add_file(file, "train");
  const fs::path test = path / "test_batch.bin";
  const bool has_test = fs::exists(test);
  if (has_test) source->add_file(test, "val");
  source->summary = fmt::format("{} training files{}", batches.size(), has_test ? ", test_batch.bin as val" : ", no test_batch.bin");
  return source;
}

}  // namespace alexnet
