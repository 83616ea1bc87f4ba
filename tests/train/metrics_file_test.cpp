#include "train/metrics_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "alexnet/io/files.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

std::vector<nlohmann::json> lines_of(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(read_text_file(path));
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(MetricsFileTest, ValuesThatAreNotFiniteBecomeNull) {
  const TemporaryFolder folder;
  const std::string path = folder / "metrics.jsonl";
  MetricsFile file(path, false, 0);
  file.write({{"kind", "train"},
              {"step", 1U},
              {"loss", std::numeric_limits<double>::quiet_NaN()},
              {"layers", {{{"std", std::numeric_limits<double>::infinity()}}}}});
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0]["loss"].is_null());
  EXPECT_TRUE(lines[0]["layers"][0]["std"].is_null());
  EXPECT_TRUE(lines[0]["time_s"].is_number());
}

TEST(MetricsFileTest, ResumeRemovesWhatComesAfterTheCheckpointAndATornLine) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("metrics.jsonl",
                   "{\"kind\":\"train\",\"step\":10,\"time_s\":100.5}\n{\"kind\":\"train\",\"step\":20,\"time_s\":200}\n"
                   "{\"kind\":\"train\",\"step\":30,\"time_s\":300}\n{\"kind\":\"tra");
  MetricsFile file(path, true, 20);
  EXPECT_EQ(file.earlier_time_s(), 200);
  file.write({{"kind", "resume"}, {"step", 20U}});
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1]["step"], 20);
  EXPECT_EQ(lines[2]["kind"], "resume");
  EXPECT_GE(lines[2]["time_s"].get<double>(), 200);
}

TEST(MetricsFileTest, ANewBeginRemovesTheLinesOfARunThatLeftNoCheckpoint) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("metrics.jsonl", "{\"kind\":\"start\",\"step\":0,\"time_s\":0}\n{\"kind\":\"train\",\"step\":5,\"time_s\":1}\n");
  MetricsFile file(path, false, 0);
  file.write({{"kind", "start"}, {"step", 0U}});
  EXPECT_EQ(lines_of(path).size(), 1U);
}

TEST(MetricsFileTest, AFolderThatIsNotThereIsNamed) {
  expect_error(ExitCode::io_failed, {"/nowhere/metrics.jsonl: cannot be opened"},
               [] { const MetricsFile file("/nowhere/metrics.jsonl", false, 0); });
}

}  // namespace
}  // namespace alexnet
