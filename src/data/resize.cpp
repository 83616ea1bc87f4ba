// Short side to `size`, the long one to round(long * size / short), then the centre size x size (the surplus pixel of an odd margin
// falls off the right or bottom).
//
// A picture that is longer than kMaxAspect times its short side is first cut to its centre: only a square is kept, and enlarging all
// of a 65,500 x 1 picture would take gigabytes.
#include <algorithm>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/data/decode.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kMaxAspect = 8;

// Pictures are resized on our own threads, one each.
void keep_opencv_single_threaded() {
  static std::once_flag once;
  std::call_once(once, [] { cv::setNumThreads(1); });
}

}  // namespace

Picture resize_and_crop(const Picture& picture, std::int64_t size) {
  if (size < 1 || picture.height < 1 || picture.width < 1) {
    fail(ExitCode::internal, "resize: {} x {} pixels to {}", picture.width, picture.height, size);
  }
  if (picture.height == size && picture.width == size) return picture;
  keep_opencv_single_threaded();
  const std::int64_t short_side = std::min(picture.height, picture.width);
  const std::int64_t height = std::min(picture.height, short_side * kMaxAspect), width = std::min(picture.width, short_side * kMaxAspect);
  const cv::Mat whole(static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3,
                      const_cast<std::uint8_t*>(picture.rgb.data()));
  const cv::Rect centre(static_cast<int>((picture.width - width) / 2), static_cast<int>((picture.height - height) / 2),
                        static_cast<int>(width), static_cast<int>(height));
  const auto scaled = [&](std::int64_t side) { return (2 * side * size + short_side) / (2 * short_side); };
  const std::int64_t new_height = scaled(height), new_width = scaled(width);

  cv::Mat resized;
  if (new_height == height && new_width == width) {
    resized = whole(centre);
  } else {
    cv::resize(whole(centre), resized, cv::Size(static_cast<int>(new_width), static_cast<int>(new_height)), 0, 0,
               short_side > size ? cv::INTER_AREA : cv::INTER_CUBIC);
  }
  const cv::Rect crop(static_cast<int>((new_width - size) / 2), static_cast<int>((new_height - size) / 2), static_cast<int>(size),
                      static_cast<int>(size));
  Picture result{size, size, std::vector<std::uint8_t>(static_cast<std::size_t>(size * size) * 3)};
  cv::Mat out(static_cast<int>(size), static_cast<int>(size), CV_8UC3, result.rgb.data());
  resized(crop).copyTo(out);
  return result;
}

std::string resampler_description() {
  return fmt::format("opencv-{}.{}.{} INTER_AREA when shrinking, INTER_CUBIC when enlarging; short side to size, centre crop",
                     CV_VERSION_MAJOR, CV_VERSION_MINOR, CV_VERSION_REVISION);
}

}  // namespace alexnet
