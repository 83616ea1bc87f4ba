#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/bf16.hpp"
#include "support/expect_error.hpp"
#include "support/run_command.hpp"

namespace alexnet {
namespace {

TEST(SelftestCommandTest, PrintsATable) {
  const CommandResult result = run_alexnet({"selftest", "--op", "top_k"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::HasSubstr("top_k                  5 of 128x1000"));
  EXPECT_THAT(result.out, testing::EndsWith("5 checks, 0 wrong\n"));
}

TEST(SelftestCommandTest, PrintsJson) {
  const CommandResult result = run_alexnet({"selftest", "--backend", "onednn", "--op", "dropout", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("backend"), "onednn");
  EXPECT_EQ(json.at("wrong"), 0);
  EXPECT_EQ(json.at("checks"), json.at("results").size());
  EXPECT_TRUE(json.at("results")[0].at("ok"));
}

TEST(SelftestCommandTest, ChecksBf16) {
  ALEXNET_NEEDS_BF16();
  const CommandResult result = run_alexnet({"selftest", "--backend", "onednn", "--dtype", "bf16", "--op", "training", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.err, testing::HasSubstr("bf16 activations: oneDNN computes with"));
  EXPECT_EQ(nlohmann::json::parse(result.out).at("results")[0].at("dtype"), "bf16");
}

TEST(SelftestCommandTest, RefusesWhatIsNotThere) {
  expect_refused(run_alexnet({"selftest", "--op", "conv3d"}), ExitCode::command_line, {"--op conv3d: unknown"});
  expect_refused(run_alexnet({"selftest", "--backend", "cudnn"}), ExitCode::unavailable, {"cudnn"});
}

}  // namespace
}  // namespace alexnet
