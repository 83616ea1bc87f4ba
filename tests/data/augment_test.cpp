// Crop, flip and colour noise: distributions, sharing, times; the ten views.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "alexnet/data/loader.hpp"
#include "support/expect_error.hpp"

namespace alexnet {
namespace {

class Augment : public testing::Test {
 protected:
  void SetUp() override {
    config_.crop = 6;
    statistics_.rgb_eigenvectors = {{{0.6F, 0.64F, 0.48F}, {0.8F, -0.48F, -0.36F}, {0.0F, 0.6F, -0.8F}}};
    statistics_.rgb_eigenvalues = {14400.0F, 900.0F, 100.0F};
  }
  Augmenter augmenter(std::uint64_t seed = 1) const { return {config_, seed, statistics_, 8, 9}; }

  DataConfig config_;
  DatasetStatistics statistics_;
};

bool same_geometry(const SampleTransform& a, const SampleTransform& b) { return a.top == b.top && a.left == b.left && a.flip == b.flip; }
bool same(const SampleTransform& a, const SampleTransform& b) { return same_geometry(a, b) && a.noise == b.noise; }

TEST_F(Augment, ReachesEveryPlaceEquallyOften) {
  const Augmenter a = augmenter();
  constexpr int kDraws = 24000;  // 24 places and flips: 1000 each, standard deviation 31
  std::map<std::array<int, 3>, int> count;
  for (int p = 0; p < kDraws; ++p) {
    const SampleTransform t = a.draw(static_cast<std::uint64_t>(p), 100);
    ASSERT_TRUE(t.top >= 0 && t.top <= 2 && t.left >= 0 && t.left <= 3 && (t.flip == 0 || t.flip == 1));
    ++count[{t.top, t.left, t.flip}];
  }
  ASSERT_EQ(count.size(), 24U);
  for (const auto& [place, n] : count) EXPECT_NEAR(n, 1000, 160);
}

TEST_F(Augment, NoiseHasTheCovarianceOfTheAxes) {
  for (const bool by_eigenvalue : {false, true}) {
    config_.color_noise.unit = by_eigenvalue ? "eigenvalue" : "standard_deviation";
    const Augmenter a = augmenter();
    constexpr int kDraws = 40000;
    double sum[3] = {}, product[3][3] = {};
    for (int p = 0; p < kDraws; ++p) {
      const auto noise = a.draw(static_cast<std::uint64_t>(p), 100).noise;
      for (int i = 0; i < 3; ++i) {
        sum[i] += noise[static_cast<std::size_t>(i)];
        for (int j = 0; j < 3; ++j)
          product[i][j] += static_cast<double>(noise[static_cast<std::size_t>(i)]) * noise[static_cast<std::size_t>(j)];
      }
    }
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        double expected = 0, bound = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double value = statistics_.rgb_eigenvalues[axis];
          const double variance = 0.01 * (by_eigenvalue ? value * value : value);
          expected += variance * statistics_.rgb_eigenvectors[axis][i] * statistics_.rgb_eigenvectors[axis][j];
          bound += variance;
        }
        EXPECT_NEAR(product[i][j] / kDraws, expected, 0.03 * bound) << i << "," << j;
        EXPECT_NEAR(sum[i] / kDraws, 0, 0.03 * std::sqrt(bound));
      }
    }
  }
}

TEST_F(Augment, NoiseMovesAlongOneAxisWhenOnlyOneVaries) {
  statistics_.rgb_eigenvalues = {100.0F, 0.0F, 0.0F};
  const auto noise = augmenter().draw(5, 100).noise;
  ASSERT_NE(noise[0], 0.0F);
  EXPECT_NEAR(noise[1] / noise[0], 0.64 / 0.6, 1e-5);
  EXPECT_NEAR(noise[2] / noise[0], 0.48 / 0.6, 1e-5);
}

TEST_F(Augment, IsAFunctionOfSeedAndPosition) {
  const Augmenter a = augmenter(), b = augmenter(), other = augmenter(2);
  int differing = 0;
  for (std::uint64_t p = 0; p < 50; ++p) {
    EXPECT_TRUE(same(a.draw(p, 100), b.draw(p, 100)));
    if (!same(a.draw(p, 100), other.draw(p, 100))) ++differing;
  }
  EXPECT_EQ(differing, 50);
  EXPECT_TRUE(same(a.draw(std::uint64_t{1} << 40, 100), b.draw(std::uint64_t{1} << 40, 100)));
  EXPECT_NE(a.draw(std::uint64_t{1} << 40, 100).noise, a.draw(0, 100).noise);  // the index has 64 bits
}

TEST_F(Augment, PicturesOfADrawShareGeometryButNotNoise) {
  config_.images_per_draw = 32;
  const Augmenter a = augmenter();
  std::set<std::array<int, 3>> geometries;
  for (std::uint64_t p = 0; p < 32 * 40; ++p) {
    const SampleTransform t = a.draw(p, 100000), first = a.draw(p / 32 * 32, 100000);
    EXPECT_TRUE(same_geometry(t, first)) << p;
    EXPECT_TRUE(p % 32 == 0 || t.noise != first.noise) << p;
    geometries.insert({t.top, t.left, t.flip});
  }
  EXPECT_GT(geometries.size(), 12U);  // 40 draws of 24 places
}

TEST_F(Augment, SwitchesDoNotMoveTheOtherDraws) {
  const Augmenter all = augmenter();
  config_.flip = false;
  const Augmenter no_flip = augmenter();
  config_.flip = true;
  config_.random_crop = false;
  const Augmenter no_crop = augmenter();
  for (std::uint64_t p = 0; p < 100; ++p) {
    SampleTransform expected = all.draw(p, 100);
    expected.flip = 0;
    EXPECT_TRUE(same(no_flip.draw(p, 100), expected));
    expected = all.draw(p, 100);
    expected.top = 1;   // (8 - 6) / 2
    expected.left = 1;  // (9 - 6) / 2
    EXPECT_TRUE(same(no_crop.draw(p, 100), expected));
  }
}

TEST_F(Augment, NoiseFollowsItsTimetable) {
  config_.color_noise.std.points = {{0, 0.1}, {2, 0.2}, {3, 0}};
  const Augmenter timed = augmenter();
  config_.color_noise.std = 0.1;
  const Augmenter constant = augmenter();
  for (std::uint64_t p = 0; p < 50; ++p) {
    const auto noise = timed.draw(p, 10).noise, reference = constant.draw(p, 10).noise;
    const float factor = p < 20 ? 1.0F : p < 30 ? 2.0F : 0.0F;  // after 2 and 3 finished passes over 10 pictures
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(noise[c], factor * reference[c], 1e-4) << p;
  }
}

TEST_F(Augment, RejectsBadSettings) {
  config_.crop = 9;
  expect_error(ExitCode::configuration, {"data.crop: 9", "8x9"}, [&] { augmenter(); });
  config_.crop = 0;
  expect_error(ExitCode::configuration, {"data.crop: 0"}, [&] { augmenter(); });
  config_.crop = 6;
  config_.images_per_draw = 0;
  expect_error(ExitCode::configuration, {"data.images_per_draw: 0"}, [&] { augmenter(); });
  config_.images_per_draw = 1;
  statistics_.mean_image.resize(4 * 4 * 3);
  statistics_.height = statistics_.width = 4;
  expect_error(ExitCode::bad_data, {"mean image of 4x4", "8x9", "another data set"}, [&] { augmenter(); });
  statistics_.mean_image.clear();
  config_.color_noise.unit = "variance";
  expect_error(ExitCode::configuration, {"data.color_noise.unit: 'variance'"}, [&] { augmenter(); });
}

TEST(EvaluationView, TenViews) {
  const int top[] = {0, 0, 32, 32, 16}, left[] = {0, 44, 0, 44, 22};
  for (int view = 0; view < 10; ++view) {
    const SampleTransform t = evaluation_view(view, 10, 256, 268, 224);
    EXPECT_EQ(t.top, top[view % 5]);
    EXPECT_EQ(t.left, left[view % 5]);
    EXPECT_EQ(t.flip, view >= 5 ? 1 : 0);
    EXPECT_EQ(t.noise, (std::array<float, 3>{}));
  }
}

TEST(EvaluationView, Centre) {
  const SampleTransform t = evaluation_view(0, 1, 257, 256, 224);
  EXPECT_EQ(t.top, 16);
  EXPECT_EQ(t.left, 16);
  EXPECT_EQ(t.flip, 0);
}

TEST(EvaluationView, RejectsNonsense) {
  expect_error(ExitCode::configuration, {"data.crop: 225", "224x256"}, [] { evaluation_view(0, 1, 224, 256, 225); });
  expect_error(ExitCode::internal, {"view 10 of 10"}, [] { evaluation_view(10, 10, 256, 256, 224); });
  expect_error(ExitCode::internal, {"view 0 of 5"}, [] { evaluation_view(0, 5, 256, 256, 224); });
}

}  // namespace
}  // namespace alexnet
