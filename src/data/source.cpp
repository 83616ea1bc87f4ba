// Finds the layout of a source.
#include "data/source.hpp"

#include <algorithm>
#include <filesystem>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDrawnPrefix = "drawn:";

void check_layout_name(const std::string& layout) {
  const auto& known = source_layouts();
  if (std::ranges::find(known, layout) != known.end()) return;
  fail(ExitCode::command_line, "--layout {}: unknown; one of {}", layout, fmt::join(known, ", "));
}

}  // namespace

const std::vector<std::string>& source_layouts() {
  static const std::vector<std::string> names = {"auto", "folder", "cifar10", "drawn"};
  return names;
}

std::unique_ptr<Source> open_source(const std::string& source, const SourceOptions& options) {
  check_layout_name(options.layout);
  const bool drawn_text = source.starts_with(kDrawnPrefix);
  if (drawn_text || options.layout == "drawn") {
    if (!drawn_text) fail(ExitCode::command_line, "--layout drawn: SOURCE is '{}'; write drawn:classes=10,train=2000,val=500", source);
    if (options.layout != "auto" && options.layout != "drawn") {
      fail(ExitCode::command_line, "--layout {}: SOURCE is '{}', which --layout drawn reads", options.layout, source);
    }
    return open_drawn_source(source.substr(kDrawnPrefix.size()), options.seed, options.size);
  }
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
    fail(ExitCode::no_input, "{}: {}; SOURCE is a folder of class folders, or drawn:classes=10,train=2000,val=500", source,
         status.type() == fs::file_type::not_found ? "no such folder" : error.message());
  }
  if (status.type() != fs::file_type::directory) {
    fail(ExitCode::bad_data, "{}: a file, not a folder of class folders; unpack an archive first", source);
  }
  const bool cifar10 = options.layout == "cifar10" || (options.layout == "auto" && is_cifar10_folder(source));
  return cifar10 ? open_cifar10_source(source) : open_folder_source(source);
}

}  // namespace alexnet
