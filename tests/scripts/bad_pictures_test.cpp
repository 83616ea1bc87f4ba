// scripts/bad_pictures, and what prepare makes of its zoo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

constexpr const char* kScript = ALEXNET_SOURCE_DIR "/scripts/bad_pictures";

std::vector<std::vector<std::string>> read_table(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) rows.back().push_back(field);
  }
  return rows;
}

TEST(BadPicturesTest, EveryOneIsReadOrRefusedAsExpected) {
  if (run_command({"/usr/bin/python3", "-c", "import PIL"}).exit_code != 0) GTEST_SKIP() << "Pillow is not installed";
  TemporaryFolder folder;
  const CommandResult made = run_command({"/usr/bin/python3", kScript, folder / "zoo"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const CommandResult prepared = run_alexnet({"prepare", folder / "zoo/pictures", folder / "set", "--max-bad", "100%", "--size", "64"});
  ASSERT_EQ(prepared.exit_code, 0) << prepared.err;

  std::map<std::string, std::string> reasons;
  std::ifstream bad_files(folder / "set/bad_files.jsonl");
  for (std::string line; std::getline(bad_files, line);) {
    const auto entry = nlohmann::json::parse(line);
    reasons[entry.at("source")] = entry.at("reason");
  }
  std::set<std::string> kept;
  for (const char* split : {"train", "val"}) {
    for (const auto& row : read_table(folder / fmt::format("set/{}.tsv", split))) kept.insert(row.at(4));
  }
  std::size_t num_refused = 0;
  for (const auto& row : read_table(folder / "zoo/expected.tsv")) {
    const std::string& file = row.at(0);
    if (row.at(1) == "read") {
      EXPECT_EQ(reasons.count(file), 0U) << file << ": " << reasons[file];
      EXPECT_EQ(kept.count(file), 1U) << file;
    } else {
      ++num_refused;
      EXPECT_THAT(reasons[file], testing::HasSubstr(row.at(2))) << file;
      EXPECT_EQ(kept.count(file), 0U) << file;
    }
  }
  EXPECT_GE(num_refused, 20U);
  EXPECT_EQ(reasons.size(), num_refused);
}

TEST(BadPicturesTest, RefusesWhatItCannotDo) {
  TemporaryFolder folder;
  RunOptions options;
  options.env = {{"PYTHONPATH", folder / "modules"}};
  folder.write("modules/PIL.py", "raise ImportError\n");
  expect_refused(run_command({"/usr/bin/python3", kScript, folder / "zoo"}, options), ExitCode::unavailable,
                 {"bad_pictures: Pillow is missing; run scripts/setup test"});
  folder.write("modules/PIL.py", "Image = ImageDraw = 1\n");
  expect_refused(run_command({"/usr/bin/python3", kScript, folder.path()}, options), ExitCode::output_exists,
                 {"bad_pictures: " + folder.path().string() + ": exists already; name a new folder"});
}

}  // namespace
}  // namespace alexnet
