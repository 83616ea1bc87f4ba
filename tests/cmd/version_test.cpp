#include "cmd/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/ops/backend.hpp"
#include "support/run_command.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(VersionTest, JsonAndTextSayTheSame) {
  const auto object = nlohmann::json::parse(version_text(true));
  EXPECT_THAT(object.at("version").get<std::string>(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(object.at("commit").get<std::string>(), MatchesRegex("unknown|[0-9a-f]{12}(\\+changes)?"));
  EXPECT_EQ(object.at("backends").get<std::vector<std::string>>(), built_backends());
  EXPECT_EQ(object.at("cuda").get<bool>(), std::ranges::count(built_backends(), "cuda") == 1);
  EXPECT_EQ(object.at("communicators").get<std::vector<std::string>>(), built_communicators());
  const std::string text = version_text(false);
  EXPECT_THAT(text, HasSubstr("\nranks     threads"));
  EXPECT_THAT(text, StartsWith("alexnet " + object.at("version").get<std::string>() + "\n"));
  for (const char* key : {"commit", "compiler", "build_type"}) EXPECT_THAT(text, HasSubstr(object.at(key).get<std::string>()));
}

TEST(VersionTest, TheReadmeSaysWhatHasNeverRunOnAGpu) {
  std::stringstream readme;
  readme << std::ifstream(ALEXNET_SOURCE_DIR "/README.md").rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(gpu_proof_text())) << "change it in README.md";
}

TEST(VersionTest, IsPrintedWithoutACommand) {
  const CommandResult text = run_alexnet({"--version"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.out, version_text(false));
  const CommandResult json = run_alexnet({"--version", "--json"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_EQ(json.out, version_text(true));
}

}  // namespace
}  // namespace alexnet
