// Crop, flip and colour noise of a picture (section 4.1 of the paper): a pure function of (seed, position in the stream).
//
//   geometry: index position / images_per_draw; block 0: words 0, 1 top, words 2, 3 left; block 1: the first bit flips
//   noise[c] = std * sum over axes i of alpha_i * axis_i[c],  alpha_i ~ N(0, 1): block 0 gives alpha_0 and alpha_1, block 1 alpha_2
#include <algorithm>
#include <cmath>

#include "alexnet/core/error.hpp"
#include "alexnet/core/rng.hpp"
#include "alexnet/data/loader.hpp"

namespace alexnet {
namespace {

void check_crop(std::int64_t crop, std::int64_t height, std::int64_t width) {
  if (crop < 1 || crop > height || crop > width)
    fail(ExitCode::configuration, "data.crop: {} does not fit the stored pictures, {}x{}; use a smaller crop, or prepare them larger", crop,
         height, width);
}

}  // namespace

Augmenter::Augmenter(const DataConfig& config, std::uint64_t seed, const DatasetStatistics& statistics, std::int64_t height,
                     std::int64_t width)
    : config_(config), seed_(seed), axes_{}, height_(height), width_(width) {
  check_crop(config.crop, height, width);
  if (!statistics.mean_image.empty() && (statistics.height != height || statistics.width != width))
    fail(ExitCode::bad_data, "mean image of {}x{} pixels for pictures of {}x{}: the statistics are of another data set", statistics.height,
         statistics.width, height, width);
  if (config.images_per_draw < 1) fail(ExitCode::configuration, "data.images_per_draw: {}; must be at least 1", config.images_per_draw);
  const bool by_eigenvalue = config.color_noise.unit == "eigenvalue";
  if (!by_eigenvalue && config.color_noise.unit != "standard_deviation")
    fail(ExitCode::configuration, "data.color_noise.unit: '{}'; must be standard_deviation or eigenvalue", config.color_noise.unit);
  for (std::size_t i = 0; i < 3; ++i) {
    const double variance = std::max(0.0, static_cast<double>(statistics.rgb_eigenvalues[i]));
    const double length = by_eigenvalue ? variance : std::sqrt(variance);
    for (std::size_t c = 0; c < 3; ++c) axes_[i][c] = length * statistics.rgb_eigenvectors[i][c];
  }
}

SampleTransform Augmenter::draw(std::uint64_t position, std::uint64_t num_images) const {
  SampleTransform t = evaluation_view(0, 1, height_, width_, config_.crop);
  const std::uint64_t draw = position / static_cast<std::uint64_t>(config_.images_per_draw);
  if (config_.random_crop) {
    const RandomBlock r = random_block(seed_, RandomStream::geometry, draw, 0);
    t.top = static_cast<std::int32_t>(uniform_below(r[0], r[1], static_cast<std::uint64_t>(height_ - config_.crop + 1)));
    t.left = static_cast<std::int32_t>(uniform_below(r[2], r[3], static_cast<std::uint64_t>(width_ - config_.crop + 1)));
  }
  if (config_.flip) t.flip = static_cast<std::int32_t>(random_block(seed_, RandomStream::geometry, draw, 1)[0] >> 31);

  const std::uint64_t finished_epochs = position / std::max<std::uint64_t>(num_images, 1);
  const double std = config_.color_noise.std.at(static_cast<double>(finished_epochs));
  if (std != 0.0) {
    const auto first = normal_pair(random_block(seed_, RandomStream::color_noise, position, 0));
    const auto second = normal_pair(random_block(seed_, RandomStream::color_noise, position, 1));
    const std::array<double, 3> alpha = {std * first[0], std * first[1], std * second[0]};
    for (std::size_t c = 0; c < 3; ++c)
      t.noise[c] = static_cast<float>(alpha[0] * axes_[0][c] + alpha[1] * axes_[1][c] + alpha[2] * axes_[2][c]);
  }
  return t;
}

SampleTransform evaluation_view(int view, int num_views, std::int64_t height, std::int64_t width, std::int64_t crop) {
  check_crop(crop, height, width);
  if ((num_views != 1 && num_views != 10) || view < 0 || view >= num_views) fail(ExitCode::internal, "view {} of {}", view, num_views);
  const int place = num_views == 1 ? 4 : view % 5;  // top-left, top-right, bottom-left, bottom-right, centre
  const auto below = static_cast<std::int32_t>(height - crop), right = static_cast<std::int32_t>(width - crop);
  SampleTransform t;
  t.top = place == 4 ? below / 2 : place >= 2 ? below : 0;
  t.left = place == 4 ? right / 2 : place % 2 == 1 ? right : 0;
  t.flip = view >= 5 ? 1 : 0;
  return t;
}

}  // namespace alexnet
