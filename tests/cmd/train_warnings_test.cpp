// What `alexnet train` warns of and goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "alexnet/data/decode.hpp"
#include "support/expect_error.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

void expect_warning(const CommandResult& result, const std::string& words) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, testing::HasSubstr("warning: " + words));
}

TEST(TrainWarningsTest, AFirstLossFarAboveChance) {
  expect_warning(smoke().train("wild", {"--set", "train.max_steps=1", "--set", "model.layers.fc6.weights.std=50"}),
                 "the first loss is far above chance: initial weights too large");
}

TEST(TrainWarningsTest, ALossThatStaysAtChance) {
  expect_warning(smoke().train("stalled", {"-q", "--set", "schedule.kind=constant", "--set", "schedule.learning_rate=1.0e-9", "--set",
                                           "train.epochs=31", "--set", "train.validate_every_epochs=31", "--set",
                                           "model.layers.fc6.weights.std=0.0001"}),
                 "the loss stays at ln(classes): nothing is learned yet. Usual reasons: a learning rate of 1e-09 too small");
}

TEST(TrainWarningsTest, ASplitThatIsNotThere) {
  expect_warning(smoke().train("holdout", {"--set", "train.max_steps=1", "--set", "train.validate_splits=[holdout]"}),
                 "the data set data/smoke has no split holdout: not validated");
}

TEST(TrainWarningsTest, MetricsThatCannotBeWritten) {
  fs::create_directory(smoke() / "unwritten");
  fs::create_symlink("/dev/full", smoke() / "unwritten/metrics.jsonl");
  expect_warning(smoke().train("unwritten", {"--resume", "--set", "train.max_steps=1"}),
                 "unwritten/metrics.jsonl: writing failed (disk full?); the line is lost, training goes on");
}

// Four colours, one a class; in the validation pictures the classes have changed places.
TEST(TrainWarningsTest, AValidationSplitWithOtherLabels) {
  for (int label = 0; label < 4; ++label) {
    Picture picture{32, 32, std::vector<std::uint8_t>(32 * 32 * 3, 20)};
    for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
      if (label == 3 || static_cast<int>(i % 3) == label) picture.rgb[i] = 230;
    }
    const std::vector<std::uint8_t> ppm = encode_ppm(picture);
    const std::string_view bytes(reinterpret_cast<const char*>(ppm.data()), ppm.size());
    for (int i = 0; i < 16; ++i) {
      smoke().folder().write(fmt::format("colours/train/class{}/{}.ppm", label, i), bytes);
      smoke().folder().write(fmt::format("colours/val/class{}/{}.ppm", (label + 1) % 4, i), bytes);
    }
  }
  ASSERT_EQ(smoke().run({"prepare", "colours", "data/colours"}).exit_code, 0);
  expect_warning(smoke().train("shifted", {"--set", "data.path=data/colours", "--set", "train.epochs=30", "--set", "schedule.kind=constant",
                                           "--set", "train.validate_every_epochs=30", "--set", "model.layers.conv1.lr_mult=1"}),
                 "validation is no better than chance while training is: do the labels of the two splits belong to the same classes?");
}

}  // namespace
}  // namespace alexnet
