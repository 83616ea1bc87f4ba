#include "alexnet/data/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/data/loader.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kColumns = 8, kMaxInputs = 64;
constexpr std::int64_t kMinCell = 112;  // smaller inputs are enlarged by a whole factor, so that a label has room
constexpr int kMargin = 4, kLabelHeight = 18;
constexpr double kFontScale = 0.4;

// The mean that `data.mean` subtracts, spread over the picture.
std::vector<float> subtracted_mean(const DatasetStatistics& statistics, const std::string& kind) {
  std::vector<float> mean = statistics.mean_image;
  if (kind == "image") return mean;
  std::array<double, 3> sum{};
  for (std::size_t i = 0; i < mean.size(); ++i) sum[i % 3] += mean[i];
  const double pixels = static_cast<double>(mean.size()) / 3;
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = kind == "none" ? 0.0F : static_cast<float>(sum[i % 3] / pixels);
  return mean;
}

// The font knows ASCII only.
std::string fitted_label(const ClassInfo& info, int width) {
  std::string text = info.name.empty() ? info.id : info.name;
  for (char& c : text) c = c < 0x20 || c > 0x7e ? '?' : c;
  const auto fits = [&](const std::string& t) {
    return cv::getTextSize(t, cv::FONT_HERSHEY_SIMPLEX, kFontScale, 1, nullptr).width <= width;
  };
  text.resize(std::min<std::size_t>(text.size(), 200));
  if (fits(text)) return text;
  while (!text.empty() && !fits(text + "..")) text.pop_back();
  return text + "..";
}

}  // namespace

Picture visible_input(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width, const SampleTransform& t,
                      std::span<const float> mean, float scale, std::int64_t crop) {
  const auto count = static_cast<std::size_t>(height * width * 3);
  if (pixels.size() != count || mean.size() != count || t.top < 0 || t.left < 0 || t.top + crop > height || t.left + crop > width)
    fail(ExitCode::internal, "visible_input: {} pixels, mean of {}, crop {} at {}, {} of {}x{}", pixels.size(), mean.size(), crop, t.top,
         t.left, height, width);
  Picture seen{crop, crop, std::vector<std::uint8_t>(static_cast<std::size_t>(crop * crop * 3))};
  for (std::int64_t h = 0; h < crop; ++h) {
    for (std::int64_t w = 0; w < crop; ++w) {
      const std::int64_t y = t.top + h, x = t.left + (t.flip != 0 ? crop - 1 - w : w);
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t from = static_cast<std::size_t>(y * width + x) * 3 + c;
        const float input = (static_cast<float>(pixels[from]) - mean[from] + t.noise[c]) * scale;
        seen.rgb[static_cast<std::size_t>(h * crop + w) * 3 + c] =
            static_cast<std::uint8_t>(std::clamp(std::round(input + mean[from]), 0.0F, 255.0F));
      }
    }
  }
  return seen;
}

Picture draw_contact_sheet(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, const DatasetStatistics& statistics,
                           const DataConfig& config, std::uint64_t seed) {
  const std::int64_t size = manifest.size;
  if (statistics.height != size || statistics.width != size)
    fail(ExitCode::bad_data, "statistics.safetensors: mean_image is {}x{}, the pictures are {}x{}; make the data set again",
         statistics.height, statistics.width, size, size);
  const auto limit = static_cast<std::uint64_t>(config.limit.value_or(0));
  const std::uint64_t available = limit == 0 ? shards->size() : std::min(limit, shards->size());
  const std::int64_t num_inputs =
      std::clamp(static_cast<std::int64_t>(std::min<std::uint64_t>(available, kMaxInputs)), std::int64_t{1}, kMaxInputs);
  Loader loader(std::move(shards), manifest, num_inputs, 1, TrainingOrder{seed, 0}, Augmenter(config, seed, statistics, size, size), limit);
  const Batch* batch = loader.next();
  const std::vector<float> mean = subtracted_mean(statistics, config.mean);

  const std::int64_t zoom = (std::max(kMinCell, config.crop) + config.crop - 1) / config.crop;
  const int cell = static_cast<int>(zoom * config.crop);
  const int columns = static_cast<int>(std::min(num_inputs, kColumns)), rows = static_cast<int>((num_inputs + kColumns - 1) / kColumns);
  cv::Mat sheet(rows * (cell + kLabelHeight + kMargin) + kMargin, columns * (cell + kMargin) + kMargin, CV_8UC3, cv::Scalar::all(255));
  for (int i = 0; i < num_inputs; ++i) {
    const std::size_t bytes = static_cast<std::size_t>(size * size) * 3, n = static_cast<std::size_t>(i);
    Picture seen = visible_input(batch->pixels.subspan(n * bytes, bytes), size, size, batch->transforms[n], mean,
                                 static_cast<float>(config.scale), config.crop);
    const int side = static_cast<int>(config.crop);
    const cv::Mat input(side, side, CV_8UC3, seen.rgb.data());
    const cv::Point corner(kMargin + i % static_cast<int>(kColumns) * (cell + kMargin),
                           kMargin + i / static_cast<int>(kColumns) * (cell + kLabelHeight + kMargin));
    cv::resize(input, sheet(cv::Rect(corner.x, corner.y, cell, cell)), cv::Size(cell, cell), 0, 0, cv::INTER_NEAREST);
    const std::string label = fitted_label(manifest.classes[static_cast<std::size_t>(batch->labels[n])], cell);
    cv::putText(sheet, label, corner + cv::Point(0, cell + kLabelHeight - 6), cv::FONT_HERSHEY_SIMPLEX, kFontScale, cv::Scalar::all(0), 1,
                cv::LINE_AA);
  }
  return {sheet.rows, sheet.cols, {sheet.data, sheet.data + sheet.total() * 3}};
}

}  // namespace alexnet
