// scripts/ablate on a tiny budget: drawn pictures, one epoch of three steps.
#include "experiment_fixture.hpp"

namespace alexnet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AblateTest : public ExperimentTest {
 protected:
  AblateTest()
      : ExperimentTest(
            "ablate", "drawn:classes=8,train=48,val=16", "64",
            {"--epochs", "1", "--seeds", "2", "--only", "tanh", "no_lrn", "no_conv3", "one_column_half", "--set", "train.batch_size=16"}) {}
  void SetUp() override {
    ExperimentTest::SetUp();
    if (!has_yaml()) GTEST_SKIP() << "no PyYAML";
  }
};

TEST_F(AblateTest, TrainsMeasuresAndComparesVariantsAndGoesOn) {
  const CommandResult first = run();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(content("report.md"),
              AllOf(HasSubstr("| base: the whole net | 967,992 | 21.5 | 2 |"), HasSubstr("| no_conv3: without conv3 | "),
                    HasSubstr("| +1.37 / +1.15 |"), HasSubstr("| average of 2 nets, ten views | "), HasSubstr("--epochs 1")));
  EXPECT_EQ(lines(content("ablation.csv")), 1 + 5 * 2);
  EXPECT_THAT(content("variants.csv"), AllOf(HasSubstr("\nno_lrn,967992,"), HasSubstr("\none_column_half,")));
  EXPECT_THAT(content("runs/no_lrn_2/config.yaml"),
              AllOf(Not(HasSubstr("type: lrn")), HasSubstr("seed: 2"), HasSubstr("at_epochs: [0.5833, 0.8333]")));
  EXPECT_THAT(content("runs/tanh_1/config.yaml"), AllOf(HasSubstr("type: tanh"), Not(HasSubstr("type: relu"))));
  EXPECT_THAT(content("runs/tanh_1/job.json"),
              AllOf(HasSubstr("conv1.weights.std=0.08273\""), HasSubstr("fc7.weights.std=0.04384\""), Not(HasSubstr("fc8"))));
  // LRN's k^beta is 2^0.75: conv2 starts with 0.07 / 1.682.
  EXPECT_THAT(content("runs/no_lrn_1/job.json"), AllOf(HasSubstr("conv2.weights.std=0.04162\""), HasSubstr("conv3.weights.std=0.03151\"")));
  // conv4 sees the 80 maps of both columns instead of 64 of its own: sqrt(64 / 80) of the base's 0.059.
  EXPECT_THAT(content("runs/no_conv3_1/job.json"),
              AllOf(HasSubstr("model.remove=[conv3, act3]"), HasSubstr("conv4.sees=all"), HasSubstr("conv4.weights.std=0.05277\"")));
  EXPECT_THAT(content("runs/one_column_half_1/job.json"),
              AllOf(HasSubstr("model.columns=1"), HasSubstr("conv2.num_output=40"), Not(HasSubstr("conv5.num_output"))));

  const std::string results = folder_.write("results.json", content("results.json"));
  const CommandResult elsewhere = run({"--add", results, "--out", folder_ / "elsewhere"});
  EXPECT_THAT(elsewhere.err, AllOf(HasSubstr("of 10 runs 10 are taken up"), HasSubstr("10 runs, 10 of them done before")));
  EXPECT_EQ(elsewhere.out, first.out);
  std::filesystem::rename(folder_.path() / "elsewhere", folder_.path() / "moved");
  std::filesystem::remove(folder_.path() / "moved/runs/tanh_1/job.json");  // as if killed while it took it up
  const CommandResult moved = run({"--add", results, "--out", folder_ / "moved", "--report"});
  EXPECT_THAT(moved.err, HasSubstr("of 10 runs 1 are taken up, 9 were begun here"));
  EXPECT_EQ(moved.out, first.out);
  // Of the base's two nets one is elsewhere.
  const CommandResult more = run({"--add", results, "--out", folder_ / "more", "--only", "no_lrn", "--first-seed", "2"});
  EXPECT_THAT(more.err, AllOf(HasSubstr("of 10 runs 2 are taken up"), HasSubstr("4 runs, 2 of them done before")));
  EXPECT_THAT(more.out, AllOf(HasSubstr("| no_lrn: without LRN | "), HasSubstr("| ten views | "), Not(HasSubstr("| average of "))))
      << more.err;
  expect_refused(run({"--add", results, "--out", folder_ / "longer", "--epochs", "2"}), ExitCode::bad_data,
                 {"results.json: holds results of another configuration: base_1 was begun with train.epochs=1", "add --mix"});
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "longer/runs"));

  std::filesystem::remove(folder_.path() / "out/runs/base_1/done.json");  // as if killed before its end was seen
  EXPECT_THAT(content("runs/base_2/config.yaml"), HasSubstr("type: lrn"));
  const CommandResult again = run();
  EXPECT_THAT(again.err, HasSubstr("10 runs, 9 of them done before"));
  EXPECT_EQ(again.out, first.out);
  expect_refused(run({"--report", "--epochs", "2"}), ExitCode::bad_data, {"base_1 was begun with train.epochs=1"});

  std::filesystem::remove(folder_.path() / "out/runs/no_lrn_1/done.json");
  const CommandResult report = run({"--report"});
  EXPECT_THAT(report.out,
              AllOf(HasSubstr("| base: the whole net | 967,992 |"), HasSubstr("| no_lrn: without LRN | "), Not(HasSubstr("diverged"))))
      << report.err;
  EXPECT_EQ(lines(content("ablation.csv")), 1 + 5 * 2 - 1);
}

TEST_F(AblateTest, ChangesAreDifferencesOfMeansWithAPooledError) {
  const auto result = [&](const std::string& name, const char* top1) {
    folder_.write("out/runs/" + name + "/done.json", R"({"diverged": false, "last_top1": 0.5, "training_top1": 0.8})");
    folder_.write("out/evaluations/" + name + ".json",
                  std::string(R"({"top1_error": )") + top1 +
                      R"(, "top5_error": null, "top1_error_centre": 0.6, "top5_error_centre": null, "runs": [")" + name + "\"]}");
  };
  result("base_1", "0.50");
  result("base_2", "0.52");
  result("no_lrn_1", "0.60");
  result("no_lrn_2", "0.62");
  folder_.write("out/runs/base_2/done.json", R"({"diverged": true, "last_top1": null})");
  ASSERT_EQ(always_[4], "--only");
  always_ = {"--epochs", "1", "--seeds", "2", "--only", "no_lrn"};
  const CommandResult one_base = run();
  // The spread is no_lrn's, 1.41 points with one degree of freedom, which makes nothing clear; the base has one run:
  // 1.41 sqrt(1/1 + 1/2).
  EXPECT_THAT(one_base.out, AllOf(HasSubstr("whole net | 967,992 | 21.5 | 2, 1 diverged | 80.0 | 50.00 (50.00 to 50.00) |"),
                                  HasSubstr("| 61.00 (60.00 to 62.00) | +11.00 ± 1.73 | - | - | +0.00 ± 0.00 |")))
      << one_base.err;
}

TEST_F(AblateTest, RefusesWhatItDoesNotHave) {
  const CommandResult list = run({"--list"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, AllOf(StartsWith("tanh "), HasSubstr("\ncolumns_apart  ")));
  expect_refused(run({"--only", "no_lnr"}), ExitCode::command_line, {"ablate: --only no_lnr: unknown; there are tanh, no_lrn, pool_2x2"});
  expect_refused(run({"--seeds", "0"}), ExitCode::command_line, {"--seeds 0: must be 1 or more"});
  expect_refused(run({"--set", "model.remove=[drop7]", "--out", folder_ / "undone"}), ExitCode::command_line,
                 {"--set model.remove=[drop7]: the runs set model.remove themselves"});
  expect_refused(run({"--report"}), ExitCode::no_input, {"--report: no run in"});
  folder_.write("out/runs/no_lrn_1/done.json", R"({"diverged": true, "last_top1": null})");
  expect_refused(run({"--report"}), ExitCode::no_input, {"--report: no run of the base in", "nothing to compare with"});
  expect_refused(run({}, without("yaml")), ExitCode::unavailable, {"ablate: PyYAML is missing; run scripts/setup test"});
  folder_.write("out/runs/base_1/done.json", R"({"diverged": false, "last_top1": 0.5})");
  expect_refused(run({"--report"}), ExitCode::no_input, {"runs/base_1: done, but its last.safetensors is gone"});
  folder_.write("out/runs/base_1/job.json", R"({"config": "alexnet_64", "sets": ["seed=1", "train.epochs=3"]})");
  expect_refused(run(), ExitCode::bad_data, {"holds results of another configuration: base_1 was begun with train.epochs=3", "add --mix"});
  expect_refused(run({"--config", "alexnet_caffe", "--out", folder_ / "steps"}), ExitCode::command_line,
                 {"--epochs 1: the config has max_steps, not epochs"});
  const auto add = [&](const std::string& file) { return run({"--add", file, "--out", folder_ / "added"}); };
  expect_refused(add(folder_ / "none.json"), ExitCode::no_input, {"ablate: --add ", "none.json: No such file"});
  expect_refused(add(folder_.write("list.json", "[]")), ExitCode::bad_data, {"list.json: not a results.json of this script"});
  const char* other = R"({"runs": {"base_1": {"experiment": {"commit": "f00"}, "sets": [], "done": {}}}, "evaluations": {}})";
  expect_refused(add(folder_.write("other.json", other)), ExitCode::bad_data,
                 {"other.json: holds results of another commit f00 (now ", "add --mix"});
  expect_refused(run({"--add", folder_ / "other.json", "--out", folder_ / "added", "--mix"}), ExitCode::bad_data,
                 {"other.json: not a results.json of this script"});
  const CommandResult no_such_layer = run({"--config", "cifar10_quick", "--out", folder_ / "other", "--only", "no_conv5"});
  EXPECT_EQ(no_such_layer.exit_code, 78);
  EXPECT_THAT(no_such_layer.err, HasSubstr("conv5"));
}

}  // namespace
}  // namespace alexnet
