#include "data/statistics_accumulator.hpp"

#include <array>
#include <cmath>

#include "data/picture_support.hpp"

namespace alexnet {
namespace {

// Colours that hang together: blue follows red, green runs against it.
Picture colored_picture(std::uint64_t seed) {
  Picture picture = noise_picture(6, 5, seed);
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    const int red = picture.rgb[i];
    picture.rgb[i + 1] = static_cast<std::uint8_t>(std::clamp(200 - red / 2 + picture.rgb[i + 1] / 8, 0, 255));
    picture.rgb[i + 2] = static_cast<std::uint8_t>(red / 3 + picture.rgb[i + 2] / 4);
  }
  return picture;
}

TEST(StatisticsAccumulatorTest, AgreesWithTwoPassesInDouble) {
  constexpr int kCount = 40;
  StatisticsAccumulator accumulator(6, 5);
  std::vector<double> mean(6 * 5 * 3);
  std::array<double, 3> color{};
  for (int i = 0; i < kCount; ++i) {
    const Picture picture = colored_picture(static_cast<std::uint64_t>(i));
    accumulator.add(picture.rgb.data());
    for (std::size_t k = 0; k < mean.size(); ++k) {
      mean[k] += picture.rgb[k] / static_cast<double>(kCount);
      color[k % 3] += picture.rgb[k] / (kCount * 30.0);
    }
  }
  double covariance[3][3] = {};
  for (int i = 0; i < kCount; ++i) {
    const Picture picture = colored_picture(static_cast<std::uint64_t>(i));
    for (std::size_t k = 0; k < mean.size(); k += 3) {
      for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t b = 0; b < 3; ++b)
          covariance[a][b] += (picture.rgb[k + a] - color[a]) * (picture.rgb[k + b] - color[b]) / (kCount * 30.0);
      }
    }
  }
  const DatasetStatistics statistics = accumulator.finish();
  EXPECT_EQ(statistics.height, 6);
  EXPECT_EQ(statistics.width, 5);
  for (std::size_t k = 0; k < mean.size(); ++k) EXPECT_NEAR(statistics.mean_image[k], mean[k], 1e-6 * mean[k]);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& v = statistics.rgb_eigenvectors[axis];
    const double value = statistics.rgb_eigenvalues[axis];
    // C v = lambda v, to f32's rounding of v.
    for (std::size_t a = 0; a < 3; ++a) {
      EXPECT_NEAR(covariance[a][0] * v[0] + covariance[a][1] * v[1] + covariance[a][2] * v[2], value * v[a], 1e-6 * covariance[0][0]);
    }
    EXPECT_NEAR(v[0] * v[0] + v[1] * v[1] + v[2] * v[2], 1, 1e-6);
    const float largest = *std::max_element(v.begin(), v.end(), [](float x, float y) { return std::abs(x) < std::abs(y); });
    EXPECT_GT(largest, 0) << "the sign is fixed";
  }
  EXPECT_GE(statistics.rgb_eigenvalues[0], statistics.rgb_eigenvalues[1]);
  EXPECT_GE(statistics.rgb_eigenvalues[1], statistics.rgb_eigenvalues[2]);
  const double trace = covariance[0][0] + covariance[1][1] + covariance[2][2];
  EXPECT_NEAR(statistics.rgb_eigenvalues[0] + statistics.rgb_eigenvalues[1] + statistics.rgb_eigenvalues[2], trace, 1e-6 * trace);
}

TEST(StatisticsAccumulatorTest, DoesNotDependOnTheOrderOrOnWhoAdds) {
  StatisticsAccumulator one(6, 5), left(6, 5), right(6, 5);
  for (std::uint64_t i = 0; i < 9; ++i) one.add(colored_picture(i).rgb.data());
  for (std::uint64_t i = 9; i-- > 0;) (i % 3 == 0 ? left : right).add(colored_picture(i).rgb.data());
  left.merge(right);
  EXPECT_EQ(left.num_images(), 9U);
  const DatasetStatistics a = one.finish(), b = left.finish();
  EXPECT_EQ(a.mean_image, b.mean_image);
  EXPECT_EQ(a.rgb_eigenvectors, b.rgb_eigenvectors);
  EXPECT_EQ(a.rgb_eigenvalues, b.rgb_eigenvalues);
}

// Nothing runs over, is lost or is counted twice, whoever adds and however often it was gone on with.
TEST(StatisticsAccumulatorTest, SumsOfManyBrightPicturesAreExact) {
  const Bytes white(6 * 5 * 3, 255);
  StatisticsAccumulator one(6, 5), other(6, 5), restored(6, 5);
  for (int i = 0; i < 1000; ++i) one.add(white.data());
  for (int i = 0; i < 300; ++i) other.add(white.data());
  restored.add(white.data());
  restored.restore(one.sums());
  restored.merge(other);
  for (int i = 0; i < 257; ++i) restored.add(white.data());
  const std::vector<std::uint64_t> sums = restored.sums();
  ASSERT_EQ(sums.size(), 7U + white.size());
  EXPECT_EQ(sums[0], 1557U);
  for (std::size_t i = 7; i < sums.size(); ++i) ASSERT_EQ(sums[i], 1557U * 255);
  EXPECT_EQ(restored.finish().mean_image[0], 255.0F);
}

TEST(StatisticsAccumulatorTest, OneColourHasNoVariance) {
  const Bytes grey(300 * 200 * 3, 201);  // more pixels than a block of the sums
  StatisticsAccumulator accumulator(300, 200);
  accumulator.add(grey.data());
  const DatasetStatistics statistics = accumulator.finish();
  EXPECT_EQ(statistics.mean_image, std::vector<float>(grey.size(), 201.0F));
  EXPECT_EQ(statistics.rgb_eigenvalues, (std::array<float, 3>{0, 0, 0}));
}

TEST(StatisticsAccumulatorTest, SumsOfTheLightestPicturesDoNotOverflow) {
  Bytes half(256 * 256 * 3, 255);  // black and white: the largest products there are
  for (std::size_t i = half.size() / 2; i < half.size(); ++i) half[i] = 0;
  StatisticsAccumulator accumulator(256, 256);
  for (int i = 0; i < 50; ++i) accumulator.add(half.data());
  const DatasetStatistics statistics = accumulator.finish();
  EXPECT_NEAR(statistics.rgb_eigenvalues[0], 3 * 127.5 * 127.5, 1e-6 * 3 * 127.5 * 127.5);
  for (const float component : statistics.rgb_eigenvectors[0]) EXPECT_NEAR(component, std::sqrt(1.0 / 3), 1e-6);
}

}  // namespace
}  // namespace alexnet
