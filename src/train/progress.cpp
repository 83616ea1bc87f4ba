#include "train/progress.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

namespace alexnet {

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string ProgressLine::str() const {
  return fmt::format("step {}/{}  epoch {:.2f}  loss {:.4f}  top-1 {:.2f} %  {:.1f} images/s  data-wait {:.0f} %  left {}", step, last_step,
                     epoch, loss, 100 * top1_error, pace.images_per_s(), 100 * pace.data_wait(), format_duration(seconds_left));
}

}  // namespace alexnet
