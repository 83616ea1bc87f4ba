// The sheet of training inputs: pixels are those of the pictures, moved by crop, flip, noise and scale; layout and labels.
#include "alexnet/data/contact_sheet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "alexnet/data/loader.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

TEST(VisibleInput, WithoutNoiseAndScaleIsTheCroppedPicture) {
  std::vector<std::uint8_t> pixels(4 * 5 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 4);
  const std::vector<float> mean(pixels.size(), 100.0F);
  SampleTransform t;
  t.top = 1;
  t.left = 2;
  for (const int flip : {0, 1}) {
    t.flip = flip;
    const Picture seen = visible_input(pixels, 4, 5, t, mean, 1.0F, 3);
    ASSERT_EQ(seen.height, 3);
    ASSERT_EQ(seen.width, 3);
    for (std::size_t h = 0; h < 3; ++h) {
      for (std::size_t w = 0; w < 3; ++w) {
        const std::size_t x = 2 + (flip == 1 ? 2 - w : w);
        for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(seen.rgb[(h * 3 + w) * 3 + c], pixels[((1 + h) * 5 + x) * 3 + c]);
      }
    }
  }
}

TEST(VisibleInput, NoiseAndScaleActOnTheDifferenceFromTheMean) {
  const std::vector<std::uint8_t> pixels = {100, 10, 250};
  const std::vector<float> mean = {80.0F, 90.0F, 128.0F};
  SampleTransform t;
  t.noise = {10.0F, -10.0F, 60.0F};
  EXPECT_EQ(visible_input(pixels, 1, 1, t, mean, 0.5F, 1).rgb, (std::vector<std::uint8_t>{95, 45, 219}));
  EXPECT_EQ(visible_input(pixels, 1, 1, t, mean, 1.0F, 1).rgb, (std::vector<std::uint8_t>{110, 0, 255}));  // clipped
}

TEST(VisibleInput, CropOutsideThePictureIsABug) {
  const std::vector<std::uint8_t> pixels(12);
  const std::vector<float> mean(12);
  SampleTransform t;
  t.left = 1;
  expect_error(ExitCode::internal, {"visible_input"}, [&] { visible_input(pixels, 2, 2, t, mean, 1.0F, 2); });
}

class ContactSheet : public testing::Test {
 protected:
  Picture draw() {
    manifest_ = write_small_dataset(temporary_ / "set", options_);
    return draw_contact_sheet(std::make_shared<const Shards>(temporary_ / "set", manifest_, "train"), manifest_,
                              read_statistics(temporary_ / "set"), config_, 1);
  }
  TemporaryFolder temporary_;
  SmallDatasetOptions options_;
  DatasetManifest manifest_;
  DataConfig config_;
};

TEST_F(ContactSheet, ShowsEachInputEnlargedWithItsClass) {
  config_.crop = 8;
  config_.flip = false;
  config_.color_noise.std = 0.0;
  const Picture sheet = draw();  // 20 pictures: 3 rows of 8; cells of 8 * 14 = 112 pixels
  ASSERT_EQ(sheet.width, 4 + 8 * (112 + 4));
  ASSERT_EQ(sheet.height, 4 + 3 * (112 + 18 + 4));
  const auto at = [&](std::int64_t y, std::int64_t x, std::size_t c) {
    return sheet.rgb[static_cast<std::size_t>(y * sheet.width + x) * 3 + c];
  };

  DatasetStatistics statistics = read_statistics(temporary_ / "set");
  Loader loader(std::make_shared<const Shards>(temporary_ / "set", manifest_, "train"), manifest_, 20, 1, TrainingOrder{1, 0},
                Augmenter(config_, 1, statistics, 8, 8), 0);
  const Batch* batch = loader.next();
  for (std::int64_t i = 0; i < 20; ++i) {
    const std::int64_t y0 = 4 + i / 8 * 134, x0 = 4 + i % 8 * 116;
    const auto picture = batch->indices[static_cast<std::size_t>(i)];
    for (std::int64_t y = 0; y < 112; y += 13) {
      for (std::int64_t x = 0; x < 112; x += 13)
        ASSERT_EQ(at(y0 + y, x0 + x, 1), small_dataset_pixel(options_, "train", picture, y / 14, x / 14, 1)) << i;
    }
    int dark = 0;  // the label's pixels
    for (std::int64_t y = 112; y < 130; ++y) {
      for (std::int64_t x = 0; x < 112; ++x) dark += at(y0 + y, x0 + x, 0) < 128 ? 1 : 0;
    }
    EXPECT_GT(dark, 20) << i;
  }
}

TEST_F(ContactSheet, AtMostSixtyFourInputs) {
  options_.samples["train"] = 70;
  config_.crop = 7;
  EXPECT_EQ(draw().height, 4 + 8 * (112 + 18 + 4));
  config_.limit = 3;
  EXPECT_EQ(draw().height, 4 + 112 + 18 + 4);
}

TEST_F(ContactSheet, AMeanThatIsNotSubtractedIsNotAddedEither) {
  config_.crop = 8;
  config_.color_noise.std = 0.0;
  config_.mean = "image";
  const Picture image = draw();
  for (const char* mean : {"channel", "none"}) {
    config_.mean = mean;
    EXPECT_EQ(draw().rgb, image.rgb) << mean;
  }
  config_.scale = 0.5;  // now it matters: towards the mean, or towards black
  EXPECT_NE(draw().rgb, image.rgb);
}

TEST_F(ContactSheet, RejectsStatisticsOfAnotherSize) {
  config_.crop = 8;
  draw();
  options_.size = 12;
  write_small_dataset(temporary_ / "larger", options_);
  const auto shards = std::make_shared<const Shards>(temporary_ / "set", manifest_, "train");
  expect_error(ExitCode::bad_data, {"mean_image is 12x12, the pictures are 8x8"},
               [&] { draw_contact_sheet(shards, manifest_, read_statistics(temporary_ / "larger"), config_, 1); });
}

TEST_F(ContactSheet, RejectsACropThatIsTooLarge) {
  config_.crop = 9;
  expect_error(ExitCode::configuration, {"data.crop: 9"}, [&] { draw(); });
}

}  // namespace
}  // namespace alexnet
