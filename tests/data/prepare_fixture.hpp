// A folder of pictures to prepare, and one to prepare them into.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "alexnet/core/log.hpp"
#include "alexnet/data/prepare.hpp"
#include "alexnet/io/files.hpp"
#include "data/picture_support.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

inline std::map<std::string, std::string> all_files(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[std::filesystem::relative(entry.path(), folder)] = read_text_file(entry.path());
  }
  return files;
}

class PrepareTest : public testing::Test {
 protected:
  PrepareTest() { log::set_level(log::Level::quiet); }
  ~PrepareTest() override { log::set_level(log::Level::info); }

  void picture(const std::string& name, std::int64_t height = 40, std::int64_t width = 50, std::uint64_t seed = 0) {
    source_.write(name, text_of(encode_jpeg(smooth_picture(height, width, seed), 90)));
  }
  // Two classes of `count` pictures.
  void two_classes(int count) {
    for (int i = 0; i < count; ++i) {
      picture(fmt::format("cat/{:03}.jpg", i), 40 + i, 50, static_cast<std::uint64_t>(i));
      picture(fmt::format("dog/{:03}.jpg", i), 60, 45 + i, static_cast<std::uint64_t>(1000 + i));
    }
  }
  PrepareOptions options() {
    PrepareOptions o;
    o.source = source_.path().string();
    o.out = out_ / "set";
    o.size = 32;
    o.workers = 2;
    return o;
  }
  std::vector<std::string> table(const std::string& split) {
    std::vector<std::string> lines;
    std::istringstream text(read_text_file(out_ / ("set/" + split + ".tsv")));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // After an error: nothing that looks like a data set, nor anything else.
  void expect_nothing_left() { EXPECT_THAT(all_files(out_.path().string()), testing::IsEmpty()); }

  TemporaryFolder source_, out_;
};

}  // namespace alexnet
