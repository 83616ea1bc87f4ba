// Finds the layout of a source.
#include "data/source.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

struct Layout {
  std::string_view name;
  bool (*matches)(const std::string& source);  // whether `auto` takes it; the first that matches counts
  std::unique_ptr<Source> (*open)(const std::string& source, const SourceOptions& options);
};

constexpr std::string_view kDrawnPrefix = "drawn:";

template <std::unique_ptr<Source> (*open)(const std::string&)>
std::unique_ptr<Source> opened(const std::string& source, const SourceOptions&) {
  return open(source);
}

std::unique_ptr<Source> open_drawn(const std::string& source, const SourceOptions& options) {
  return open_drawn_source(source.substr(kDrawnPrefix.size()), options.seed, options.size);
}

bool is_drawn_source(const std::string& source) { return source.starts_with(kDrawnPrefix); }
bool is_some_folder(const std::string& source) { return fs::is_directory(source); }

constexpr std::array<Layout, 8> kLayouts = {{
    {"drawn", is_drawn_source, open_drawn},
    {"kaggle", is_kaggle_source, opened<open_kaggle_source>},
    {"ilsvrc2012", is_ilsvrc2012_source, opened<open_ilsvrc2012_source>},
    {"tiny-imagenet", is_tiny_imagenet_source, opened<open_tiny_imagenet_source>},
    {"cifar10", is_cifar10_source, opened<open_cifar10_source>},
    {"list", is_list_source, opened<open_list_source>},
    {"webdataset", is_webdataset_source, opened<open_webdataset_source>},
    {"folder", is_some_folder, opened<open_folder_source>},
}};

constexpr std::string_view kWhatIsRead =
    "SOURCE is a folder of class folders, ImageNet's tars or Kaggle's tree, a list of lines PATH LABEL, or "
    "drawn:classes=10,train=2000,val=500";

// Throws where it is not there, or may not be looked at.
void require_source(const std::string& source) {
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
    fail(ExitCode::no_input, "{}: {}; {}", source, status.type() == fs::file_type::not_found ? "no such file or folder" : error.message(),
         kWhatIsRead);
  }
  if (status.type() != fs::file_type::directory) return;
  fs::directory_iterator(source, error);
  if (error) fail(ExitCode::no_input, "{}: the folder cannot be listed: {}", source, error.message());
}

}  // namespace

const std::vector<std::string>& source_layouts() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result = {"auto"};
    for (const Layout& layout : kLayouts) result.emplace_back(layout.name);
    return result;
  }();
  return names;
}

std::unique_ptr<Source> open_source(const std::string& source, const SourceOptions& options) {
  const bool drawn_text = is_drawn_source(source);
  const auto* layout = std::ranges::find(kLayouts, options.layout, &Layout::name);
  if (options.layout != "auto" && layout == kLayouts.end())
    fail(ExitCode::command_line, "--layout {}: unknown; one of {}", options.layout, fmt::join(source_layouts(), ", "));
  if (options.layout == "drawn" && !drawn_text)
    fail(ExitCode::command_line, "--layout drawn: SOURCE is '{}'; write drawn:classes=10,train=2000,val=500", source);
  if (options.layout != "auto" && options.layout != "drawn" && drawn_text)
    fail(ExitCode::command_line, "--layout {}: SOURCE is '{}', which --layout drawn reads", options.layout, source);
  if (!drawn_text) require_source(source);
  if (options.layout == "auto") layout = std::ranges::find_if(kLayouts, [&](const Layout& each) { return each.matches(source); });
  const bool takes_files = layout != kLayouts.end() && (layout->name == "drawn" || layout->name == "list" || layout->name == "ilsvrc2012");
  if (!takes_files && !fs::is_directory(source)) fail(ExitCode::bad_data, "{}: a file that no layout reads; {}", source, kWhatIsRead);
  return layout->open(source, options);
}

}  // namespace alexnet
