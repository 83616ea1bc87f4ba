// A folder that becomes a source, and what it lists.
#pragma once

#include <string>
#include <vector>

#include "data/picture_support.hpp"
#include "data/source.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

class SourceTest : public testing::Test {
 protected:
  static std::vector<std::string> paths(const Source& source, const std::string& split) {
    std::vector<std::string> result;
    for (const SourceItem& item : source.splits.at(split)) result.push_back(item.path);
    return result;
  }
  static std::vector<std::string> ids(const Source& source) {
    std::vector<std::string> result;
    for (const ClassInfo& info : source.classes) result.push_back(info.id);
    return result;
  }
  static std::vector<std::string> names(const Source& source) {
    std::vector<std::string> result;
    for (const ClassInfo& info : source.classes) result.push_back(info.name);
    return result;
  }
  static std::vector<std::int32_t> labels(const Source& source, const std::string& split) {
    std::vector<std::int32_t> result;
    for (const SourceItem& item : source.splits.at(split)) result.push_back(item.label);
    return result;
  }
  static std::string loaded(const Source& source, const std::string& split, std::size_t i) {
    return text_of(std::get<EncodedPicture>(source.load(split, source.splits.at(split).at(i))));
  }

  static std::string some_picture(std::int64_t height = 20, std::int64_t width = 30) {
    return text_of(encode_jpeg(smooth_picture(height, width), 90));
  }
  void picture(const std::string& name, std::int64_t height = 20, std::int64_t width = 30) {
    folder_.write(name, some_picture(height, width));
  }
  std::unique_ptr<Source> open(const std::string& layout = "auto") { return open_source(folder_.path().string(), {layout, 1, 0}); }
  void expect_refusal(ExitCode code, std::initializer_list<std::string> words, const std::string& layout = "auto") {
    expect_error(code, words, [&] { open(layout); });
  }
  TemporaryFolder folder_;
};

}  // namespace alexnet
