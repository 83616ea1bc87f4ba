// scripts/plot_run: draws a PNG from what a run has written, and says what is wrong with one that has nothing to draw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kScript = ALEXNET_SOURCE_DIR "/scripts/plot_run";

class PlotRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run_command({"/usr/bin/python3", "-c", "import matplotlib"}).exit_code != 0) GTEST_SKIP() << "matplotlib is not installed";
  }
  CommandResult plot(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {kScript};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_command(argv);
  }
  TemporaryFolder folder_;
};

TEST_F(PlotRunTest, DrawsWhatIsThereAndPassesOverTheRest) {
  folder_.write("run/metrics.jsonl",
                R"({"kind":"start","step":0}
{"kind":"train","step":10,"epoch":0.1,"loss":2.3,"top1_error":0.9,"learning_rate":0.01}
{"kind":"train","step":20,"epoch":0.2,"loss":null,"top1_error":0.8,"learning_rate":0.001}
{"kind":"of the future","step":20}
{"kind":"layers","step":20,"epoch":0.2,"layers":[{"name":"conv1","activation_std":0.5,"zeros":0.4,"update_ratio":null},7]}
{"kind":"validation","step":20,"epoch":0.2,"loss":2.1,"top1_error":0.7,"top5_error":null}
{"kind":"resume","step":20,"epoch":0.2}
{"kind":"train","step":30,"epoch":0.)");
  const CommandResult result = run_command({kScript, folder_ / "run"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, folder_ / "run/curves.png\n");
  EXPECT_THAT(result.err, HasSubstr("1 lines are no records"));
  std::ifstream png(folder_ / "run/curves.png", std::ios::binary);
  std::string head(8, '\0');
  png.read(head.data(), 8);
  EXPECT_EQ(head, "\x89PNG\r\n\x1a\n");
}

TEST_F(PlotRunTest, SaysWhatIsWrong) {
  expect_refused(plot({folder_ / "absent"}), ExitCode::no_input, {"plot_run: ", "no such run directory"});
  std::filesystem::create_directory(folder_ / "run");
  expect_refused(plot({folder_ / "run"}), ExitCode::no_input, {"plot_run: ", "metrics.jsonl: No such file"});
  folder_.write("run/metrics.jsonl", "{\"kind\":\"start\",\"step\":0}\n");
  expect_refused(plot({folder_ / "run"}), ExitCode::bad_data, {"plot_run: ", "no training or validation records yet"});
  folder_.write("run/metrics.jsonl", "{\"kind\":\"train\",\"step\":1,\"loss\":1}\n");
  expect_refused(plot({folder_ / "run", "-o", folder_ / "absent/curves.png"}), ExitCode::io_failed,
                 {"plot_run: ", "absent/curves.png: No such file"});
}

}  // namespace
}  // namespace alexnet
