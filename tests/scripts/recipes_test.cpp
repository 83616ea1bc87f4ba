// scripts/recipes on a tiny budget: drawn pictures, narrow widths, few steps; and its arithmetic on results that the test writes.
#include "experiment_fixture.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RecipesTest : public ExperimentTest {
 protected:
  RecipesTest()
      : ExperimentTest("recipes", "drawn:classes=8,train=48,val=16", "64",
                       {"--seeds", "1", "--steps", "25", "--widths", "narrow", "--set", "train.batch_size=8"}) {}
  void SetUp() override {
    ExperimentTest::SetUp();
    if (!has_yaml()) GTEST_SKIP() << "no PyYAML";
  }
  std::string differences(const std::string& a, const std::string& b) const {
    return run_alexnet({"config", folder_ / "out/configs/" + a + ".yaml", "--diff", folder_ / "out/configs/" + b + ".yaml"}).out;
  }
};

TEST_F(RecipesTest, TrainsVariantsThatDifferInTheirItem) {
  always_.insert(always_.end(), {"--only", "paper", "paper_std", "original", "original_order1", "original_norm2", "paper_bias_init"});
  const CommandResult first = run();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(differences("original", "original_order1"), "model.layers: order lrn1 pool1 act1 -> act1 lrn1 pool1\n");
  EXPECT_EQ(differences("original", "original_norm2"), "model.layers.norm2: only in the first\n");
  const std::string std = differences("paper", "paper_std");
  EXPECT_EQ(lines(std), 3) << std;
  EXPECT_THAT(std, HasSubstr("model.layers.conv4.weights.std: 0.01732 -> 0.05196"));  // 0.01 and 0.03 for 1,728 inputs, here of 576
  EXPECT_EQ(lines(differences("paper", "paper_bias_init")), 5);
  EXPECT_EQ(lines(content("runs.csv")), 1 + 6);
  EXPECT_EQ(lines(content("curves.csv")), 1 + 6 * 5);
  EXPECT_THAT(content("report.md"),
              AllOf(HasSubstr("| `paper_std` | standard deviation of conv3-5 0.03 instead of 0.01 | not in 25 | not in 25 | - / - |"),
                    HasSubstr("geometry small, narrow widths, 1 seeds")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/runs/paper_1/last.safetensors"));
  const CommandResult again = run();
  EXPECT_THAT(again.err, HasSubstr("6 runs, 6 of them done before"));
  EXPECT_EQ(again.out, first.out);
  const CommandResult report = run({"--seeds", "2", "--only", "caffe", "paper", "paper_std", "original", "original_order1",
                                    "original_norm2", "paper_bias_init", "--report"});
  EXPECT_EQ(report.out, first.out) << report.err;
  expect_refused(run({"--widths", "full"}), ExitCode::bad_data, {"holds results of another widths narrow (now full)"});
}

TEST_F(RecipesTest, ARunEndsWhenItHasLearnt) {
  // Eight pictures, each step the same ones.
  for (const char* set : {"data.limit=8", "data.random_crop=false", "data.flip=false", "data.color_noise.std=0", "optimizer.momentum=0.5"})
    always_.insert(always_.end(), {"--set", set});
  const CommandResult result = run({"--only", "original", "--steps", "400"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(content("report.md"), Not(HasSubstr("not in 400"))) << result.err;
  const std::string curves = content("curves.csv");
  EXPECT_LT(lines(curves), 1 + 400 / 5) << "it went on to its last step";
}

TEST_F(RecipesTest, SharesAreOfTheLogarithmOfSteps) {
  const auto result = [&](const std::string& name, const std::string& left_chance, const std::string& learnt) {
    folder_.write("out/runs/" + name + "_1/done.json", R"({"left_chance": )" + left_chance + R"(, "learnt": )" + learnt +
                                                           R"(, "steps": 500, "last_running_loss": 1.5, "diverged": false})");
  };
  result("paper", "400", "null");
  result("original", "100", "200");
  result("paper_std", "200", "300");
  result("paper_alpha", "400", "500");
  result("original_std", "400", "480");
  const CommandResult shown = run({"--only", "paper", "original", "paper_std", "paper_alpha", "original_std"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.err, HasSubstr("5 runs, 5 of them done before"));
  EXPECT_THAT(shown.out, AllOf(HasSubstr("0.03 instead of 0.01 | 200 (200 to 200) | 300 (300 to 300) | 50 % / - | 1.500 |"),
                               HasSubstr("0.01 instead of 0.03 | 400 (400 to 400) | 480 (480 to 480) | 100 % / - |"),
                               HasSubstr("given to the paper's recipe one at a time, `std` counts most: 50 % of the way to the original"),
                               HasSubstr("given to the original one at a time, `std` counts most: 100 % of the way to the paper")));
  // What never leaves chance takes longer than the 25 steps of this test's runs, and more cannot be told.
  result("paper", "20", "null");
  result("original", "10", "200");
  result("original_std", "null", "null");
  result("paper_bias_init", "11", "20");
  const CommandResult censored = run({"--only", "paper", "original", "paper_std", "original_std", "paper_bias_init"});
  EXPECT_THAT(censored.out,
              AllOf(HasSubstr("| not in 25 | not in 25 | >= 132 % / - |"), HasSubstr("`std` counts most: >= 132 % of the way to the paper"),
                    Not(HasSubstr("`bias_init` counts most"))));
  result("paper", "null", "null");
  EXPECT_THAT(run({"--only", "paper", "original", "paper_std"}).out, HasSubstr("`paper` did not leave chance in 25 steps with every seed"));
}

TEST_F(RecipesTest, RefusesWhatItDoesNotHave) {
  EXPECT_THAT(run({"--list"}).out, AllOf(HasSubstr("original_norm2"), HasSubstr("paper_noise")));
  expect_refused(run({"--only", "papre"}), ExitCode::command_line, {"recipes: --only papre: unknown; there are paper, original"});
  expect_refused(run({"--geometry", "224"}), ExitCode::command_line, {"recipes: --widths narrow: is for --geometry small"});
  expect_refused(run({"--steps", "0"}), ExitCode::command_line, {"--steps 0: must be 1 or more"});
  const auto set = [&](const char* key_value) { return run({"--set", key_value, "--report", "--out", folder_ / key_value}); };
  for (const char* of_item : {"data.scale=1", "model.layers.conv4.weights.std=0.02"})
    expect_refused(set(of_item), ExitCode::command_line, {std::string("--set ") + of_item + ": the runs set ", "themselves"});
  expect_refused(set("data.crop=227"), ExitCode::command_line, {"data.crop=227: changes the geometry small"});
  expect_refused(set("optimizer.momentum=0.8"), ExitCode::no_input, {"--report: no run in"});
  const CommandResult wrong = run({"--geometry", "325"});
  EXPECT_EQ(wrong.exit_code, 64);
  EXPECT_THAT(wrong.out, IsEmpty());
}

}  // namespace
}  // namespace alexnet
