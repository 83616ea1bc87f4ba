#include "train/overdue_watch.hpp"

#include <algorithm>
#include <chrono>

#include "train/progress.hpp"
#include "train/stop_request.hpp"

namespace alexnet {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

}  // namespace

OverdueWatch::OverdueWatch(std::function<void(double waited_s)> leave) : leave_(std::move(leave)) {
  thread_ = std::thread([this] { run(); });
}

OverdueWatch::~OverdueWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void OverdueWatch::begin_step() {
  const std::lock_guard lock(mutex_);
  step_began_s_ = now_s();
  looks_ = 0;
}

void OverdueWatch::end_step() {
  const std::lock_guard lock(mutex_);
  longest_s_ = std::max(longest_s_, now_s() - step_began_s_);
  step_began_s_ = -1;
}

void OverdueWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, kBetweenLooks, [this] { return stop_; })) {
    ++looks_;
    if (stop_request() == StopRequest::none || step_began_s_ < 0 || longest_s_ < 0) continue;
    const double waited_s = std::chrono::duration<double>(looks_ * kBetweenLooks).count();
    if (waited_s > 3 * longest_s_ + 2) leave_(waited_s);
  }
}

}  // namespace alexnet
