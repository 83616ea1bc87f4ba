// Covariance from integer sums: with n pixels, cov(a, b) = (n sum(ab) - sum(a) sum(b)) / n^2. Both products are below 2^128, so the
// difference is exact and nothing cancels.
#include "data/statistics_accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/core/simd.hpp"

namespace alexnet {
namespace {

__extension__ using Wide = __int128;

ALEXNET_SIMD void add_products(const std::uint8_t* rgb, std::int64_t num_pixels, std::uint64_t* products) {
  constexpr std::int64_t kBlock = 32768;  // 32768 * 255^2 < 2^31
  for (std::int64_t begin = 0; begin < num_pixels; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, num_pixels);
    std::uint32_t rr = 0, rg = 0, rb = 0, gg = 0, gb = 0, bb = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint32_t r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
      rr += r * r;
      rg += r * g;
      rb += r * b;
      gg += g * g;
      gb += g * b;
      bb += b * b;
    }
    const std::uint32_t block[6] = {rr, rg, rb, gg, gb, bb};
    for (int i = 0; i < 6; ++i) products[i] += block[i];
  }
}

ALEXNET_SIMD void add_values(const std::uint8_t* values, std::int64_t count, std::uint64_t* sums) {
  for (std::int64_t i = 0; i < count; ++i) sums[i] += values[i];
}

}  // namespace

StatisticsAccumulator::StatisticsAccumulator(std::int64_t height, std::int64_t width)
    : height_(height), width_(width), sum_(static_cast<std::size_t>(height * width) * 3) {}

void StatisticsAccumulator::add(const std::uint8_t* rgb) {
  add_values(rgb, static_cast<std::int64_t>(sum_.size()), sum_.data());
  add_products(rgb, height_ * width_, products_.data());
  ++num_images_;
}

void StatisticsAccumulator::merge(const StatisticsAccumulator& other) {
  if (other.height_ != height_ || other.width_ != width_) fail(ExitCode::internal, "statistics of different sizes merged");
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
  for (std::size_t i = 0; i < products_.size(); ++i) products_[i] += other.products_[i];
  num_images_ += other.num_images_;
}

std::vector<std::uint64_t> StatisticsAccumulator::sums() const {
  std::vector<std::uint64_t> all = {num_images_};
  all.insert(all.end(), products_.begin(), products_.end());
  all.insert(all.end(), sum_.begin(), sum_.end());
  return all;
}

void StatisticsAccumulator::restore(const std::vector<std::uint64_t>& sums) {
  if (sums.size() != 1 + products_.size() + sum_.size()) fail(ExitCode::internal, "statistics: {} sums", sums.size());
  const auto products = sums.begin() + 1, values = products + static_cast<std::ptrdiff_t>(products_.size());
  num_images_ = sums[0];
  std::copy(products, values, products_.begin());
  std::copy(values, sums.end(), sum_.begin());
}

DatasetStatistics StatisticsAccumulator::finish() const {
  if (num_images_ == 0) fail(ExitCode::internal, "statistics of no picture");
  DatasetStatistics result;
  result.height = height_;
  result.width = width_;
  result.mean_image.reserve(sum_.size());
  std::array<std::uint64_t, 3> channel{};
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    result.mean_image.push_back(static_cast<float>(static_cast<double>(sum_[i]) / static_cast<double>(num_images_)));
    channel[i % 3] += sum_[i];
  }
  const std::uint64_t num_pixels = num_images_ * static_cast<std::uint64_t>(height_ * width_);
  cv::Matx33d covariance;
  for (int a = 0, k = 0; a < 3; ++a) {
    for (int b = a; b < 3; ++b, ++k) {
      const Wide difference = static_cast<Wide>(num_pixels) * products_[static_cast<std::size_t>(k)] -
                              static_cast<Wide>(channel[static_cast<std::size_t>(a)]) * channel[static_cast<std::size_t>(b)];
      const double n = static_cast<double>(num_pixels);
      covariance(a, b) = covariance(b, a) = static_cast<double>(difference) / n / n;
    }
  }
  cv::Vec3d values;
  cv::Matx33d vectors;  // by rows, descending
  cv::eigen(covariance, values, vectors);
  for (int i = 0; i < 3; ++i) {
    int largest = 0;
    for (int c = 1; c < 3; ++c) largest = std::abs(vectors(i, c)) > std::abs(vectors(i, largest)) ? c : largest;
    const double sign = vectors(i, largest) < 0 ? -1.0 : 1.0;
    for (int c = 0; c < 3; ++c)
      result.rgb_eigenvectors[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)] = static_cast<float>(sign * vectors(i, c));
    result.rgb_eigenvalues[static_cast<std::size_t>(i)] = static_cast<float>(std::max(values[i], 0.0));  // rounding may leave -1e-13
  }
  return result;
}

}  // namespace alexnet
