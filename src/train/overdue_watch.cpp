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

double& OverdueWatch::longest_s(Phase phase) { return longest_s_[static_cast<std::size_t>(phase)]; }

void OverdueWatch::begin(Phase phase, double num_steps) {
  const std::lock_guard lock(mutex_);
  longest_s(phase_) = std::max(longest_s(phase_), now_s() - began_s_);
  phase_ = phase;
  began_s_ = now_s();
  num_steps_ = num_steps;
  looks_ = 0;
}

void OverdueWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, kBetweenLooks, [this] { return stop_; })) {
    ++looks_;
    const double expected_s = std::max(longest_s(phase_), num_steps_ * longest_s(Phase::step));
    if (stop_request() == StopRequest::none || phase_ == Phase::none || expected_s < 0) continue;
    const double waited_s = std::chrono::duration<double>(looks_ * kBetweenLooks).count();
    if (waited_s > 3 * expected_s + 2) leave_(waited_s);
  }
}

}  // namespace alexnet
