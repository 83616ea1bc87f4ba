// Where the pictures of `alexnet prepare` come from: a layout of files, or pictures that are drawn.
//
// A source lists classes and items when it is opened and reads one picture at a time afterwards; it never holds pictures. A new
// layout is one more source_<layout>.cpp with an open function, and a line in the table of source.cpp.
//
// Every layout of files (source_files.hpp does it for them) lists its classes in byte order of their ids, or by value where all are
// numbers, and the items of a split by class, then file name, then path: so the order depends on the pictures alone and not on how they
// are stored, and the same pictures give the same shards.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "alexnet/data/dataset.hpp"
#include "alexnet/data/decode.hpp"

namespace alexnet {

struct SourceItem {
  std::string path;            // for people and the .tsv: relative to the source
  std::int32_t label = 0;      // index into classes
  std::uint64_t position = 0;  // the source's own: record, place in a tar, place in the listing; cheapest to read in ascending order
};

using EncodedPicture = std::vector<std::uint8_t>;

class Source {
 public:
  virtual ~Source() = default;

  // The bytes of a file, or a picture that was never encoded. Called by several threads at once. Throws Error(bad_data) when this one
  // picture cannot be read; the reason holds no path. Throws Error(io_failed), naming the file, when a file of many pictures cannot, or
  // when the machine is the reason (no descriptors, no memory, a failing disk).
  virtual std::variant<EncodedPicture, Picture> load(const std::string& split, const SourceItem& item) const = 0;

  // Bytes of an encoded picture where the listing told them; 0: not known.
  virtual std::uint64_t known_bytes(const SourceItem&) const { return 0; }

  std::string layout;   // as in --layout
  std::string summary;  // one line: what was found
  std::vector<ClassInfo> classes;
  std::map<std::string, std::vector<SourceItem>> splits;  // "train"; "val" and "test" where the source has them
  std::int64_t native_size = 0;                           // side of pictures that are all square and equally small; 0: other
  std::vector<std::string> remarks;                       // what was left out, for the log
};

struct SourceOptions {
  std::string layout = "auto";
  std::uint64_t seed = 1;  // of drawn pictures
  std::int64_t size = 0;   // side of drawn pictures; 0: 64
};

// Throws Error(no_input) when SOURCE is not there or cannot be listed, Error(bad_data) when no layout fits it, Error(command_line)
// when a `drawn:` text or the layout is wrong.
std::unique_ptr<Source> open_source(const std::string& source, const SourceOptions& options);

// Names for --layout, "auto" first.
const std::vector<std::string>& source_layouts();

// The layouts: whether it looks like one, for `auto`; and its opening, which throws as open_source does.
std::unique_ptr<Source> open_folder_source(const std::string& folder);
bool is_list_source(const std::string& path);
std::unique_ptr<Source> open_list_source(const std::string& path);
bool is_ilsvrc2012_source(const std::string& path);
std::unique_ptr<Source> open_ilsvrc2012_source(const std::string& path);
bool is_kaggle_source(const std::string& path);
std::unique_ptr<Source> open_kaggle_source(const std::string& path);
bool is_tiny_imagenet_source(const std::string& path);
std::unique_ptr<Source> open_tiny_imagenet_source(const std::string& path);
bool is_cifar10_source(const std::string& folder);
std::unique_ptr<Source> open_cifar10_source(const std::string& folder);
bool is_webdataset_source(const std::string& path);
std::unique_ptr<Source> open_webdataset_source(const std::string& path);
std::unique_ptr<Source> open_drawn_source(const std::string& text, std::uint64_t seed, std::int64_t size);

}  // namespace alexnet
