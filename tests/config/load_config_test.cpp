// Which file a name stands for.
#include <filesystem>

#include "config_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

class LoadConfig : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override { std::filesystem::current_path(before_); }
  std::filesystem::path before_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

TEST_F(LoadConfig, FindsPathsNamesAndRunDirectories) {
  folder_.write("mine.yaml", kMinimal + "seed: 5\n");
  folder_.write("configs/named.yaml", kMinimal + "seed: 6\n");
  folder_.write("runs/r1/config.yaml", kMinimal + "seed: 7\n");
  EXPECT_EQ(load_config("mine.yaml", {}).seed, 5U);
  EXPECT_EQ(load_config(folder_ / "mine.yaml", {}).seed, 5U);
  EXPECT_EQ(load_config("named", {}).seed, 6U);
  EXPECT_EQ(load_config("named.yaml", {"train.batch_size=9"}).train.batch_size, 9);
  EXPECT_EQ(load_config("runs/r1", {}).seed, 7U);
}

TEST_F(LoadConfig, MissingFilesNameTheNearest) {
  folder_.write("configs/my_experiment.yaml", kMinimal);
  const auto expect = [](const std::string& name, const std::vector<std::string>& words) {
    expect_error(ExitCode::no_input, words, [&] { load_config(name, {}); });
  };
  expect("my_experimnt",
         {"my_experimnt: there is no such configuration; did you mean my_experiment?", "by name there are", "my_experiment"});
  expect("configs/my_experimint.yaml", {"did you mean my_experiment?"});
  expect("", {"there is no such configuration"});
  expect("configs", {"configs: there is no such configuration"});
}

TEST_F(LoadConfig, MessagesCarryThePathAsGiven) {
  folder_.write("configs/broken.yaml", "seed: x\n");
  expect_error(ExitCode::configuration, {"configs/broken.yaml:1: key seed"}, [] { load_config("configs/broken.yaml", {}); });
  expect_error(ExitCode::configuration, {"configs/broken.yaml:1: key seed"}, [] { load_config("broken", {}); });
}

// Its first bytes are nobody's memory: the file can be opened, but not read.
TEST_F(LoadConfig, AFileThatCannotBeReadIsNamed) {
  expect_error(ExitCode::no_input, {"/proc/self/mem: reading failed"}, [] { load_config("/proc/self/mem", {}); });
}

TEST_F(LoadConfig, HugeFilesAreNotRead) {
  folder_.write("huge.yaml", std::string((std::size_t{1} << 20) + 1, ' '));
  expect_error(ExitCode::configuration, {"huge.yaml: larger than 1048576 bytes"}, [] { load_config("huge.yaml", {}); });
  expect_error(ExitCode::configuration, {"/dev/zero: larger than 1048576 bytes"}, [] { load_config("/dev/zero", {}); });
}

}  // namespace
}  // namespace alexnet
