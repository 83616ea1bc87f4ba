// Where the pictures of `alexnet prepare` come from: a layout of files, or pictures that are drawn.
//
// A source lists classes and items when it is opened and reads one picture at a time afterwards; it never holds pictures. A new
// layout is one more source_<layout>.cpp with an open function, and a line in the table of source.cpp.
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
  std::uint64_t position = 0;  // the source's own: record, offset, index
};

using EncodedPicture = std::vector<std::uint8_t>;

class Source {
 public:
  virtual ~Source() = default;

  // The bytes of a file, or a picture that was never encoded. Called by several threads at once. Throws Error(bad_data) when this one
  // picture cannot be read; the reason holds no path.
  virtual std::variant<EncodedPicture, Picture> load(const std::string& split, const SourceItem& item) const = 0;

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

// The layouts; each throws as open_source does.
std::unique_ptr<Source> open_folder_source(const std::string& folder);
std::unique_ptr<Source> open_cifar10_source(const std::string& folder);
std::unique_ptr<Source> open_drawn_source(const std::string& text, std::uint64_t seed, std::int64_t size);

// Whether the folder looks like the layout, for `auto`.
bool is_cifar10_folder(const std::string& folder);

}  // namespace alexnet
