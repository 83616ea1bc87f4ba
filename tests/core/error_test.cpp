#include "alexnet/core/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace alexnet {
namespace {

TEST(Error, CarriesCodeAndMessage) {
  try {
    fail(ExitCode::bad_data, "picture {} of {}", 3, "train");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_STREQ(error.what(), "picture 3 of train");
    return;
  }
  FAIL() << "nothing was thrown";
}

// Scripts and job systems read them: never renumber.
TEST(Error, ExitCodesAreTheDocumentedOnes) {
  const std::vector<std::pair<ExitCode, int>> codes{
      {ExitCode::done, 0},           {ExitCode::answer_is_no, 1}, {ExitCode::command_line, 64}, {ExitCode::bad_data, 65},
      {ExitCode::no_input, 66},      {ExitCode::unavailable, 69}, {ExitCode::internal, 70},     {ExitCode::out_of_memory, 71},
      {ExitCode::output_exists, 73}, {ExitCode::io_failed, 74},   {ExitCode::run_again, 75},    {ExitCode::rank_lost, 76},
      {ExitCode::configuration, 78}, {ExitCode::interrupted, 130}};
  for (const auto& [code, number] : codes) EXPECT_EQ(static_cast<int>(code), number);
}

TEST(Error, EditDistance) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
  EXPECT_EQ(edit_distance("batch_size", "batch_size"), 0U);
  EXPECT_EQ(edit_distance("batchsize", "batch_size"), 1U);
}

TEST(Error, NearestName) {
  const std::vector<std::string> known{"batch_size", "momentum", "weight_decay", "seed"};
  EXPECT_EQ(nearest_name("batchsize", known), "batch_size");
  EXPECT_EQ(nearest_name("momentun", known), "momentum");
  EXPECT_EQ(nearest_name("sed", known), "seed");
  EXPECT_EQ(nearest_name("seed", known), "seed");
  EXPECT_EQ(nearest_name("learning_rate_schedule", known), "");
  EXPECT_EQ(nearest_name("x", std::vector<std::string>{}), "");
  EXPECT_EQ(nearest_name("trian", std::array<const char*, 2>{"train", "eval"}), "train");
}

TEST(Error, NearestNameTakesTheFirstOfEquallyNear) { EXPECT_EQ(nearest_name("conv", std::vector<std::string>{"conv1", "conv2"}), "conv1"); }

}  // namespace
}  // namespace alexnet
