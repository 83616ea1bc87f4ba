#include "train/gradient_exchange.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kBucketFloats = std::size_t{25} * 1000 * 1000 / sizeof(float);

}  // namespace

GradientExchange::GradientExchange(Communicator& replicas, Backend& backend) : replicas_(replicas), backend_(backend) {
  thread_ = std::thread([this] { run(); });
}

GradientExchange::~GradientExchange() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();  // a sum that goes on ends within the communicator's time limit
}

void GradientExchange::add(float* values, std::size_t count) {
  if (values + count != bucket_.data()) hand_over();
  bucket_ = {values, count + bucket_.size()};
  if (bucket_.size() >= kBucketFloats) hand_over();
}

void GradientExchange::hand_over() {
  if (bucket_.empty()) return;
  backend_.synchronize();  // the device has written them
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(bucket_);
  }
  changed_.notify_all();
  bucket_ = {};
}

void GradientExchange::finish() {
  hand_over();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty() || error_ != nullptr; });
  if (error_ != nullptr) std::rethrow_exception(error_);
}

void GradientExchange::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (stop_) return;
    const std::span<float> bucket = queue_.front();
    lock.unlock();
    std::exception_ptr error;
    try {
      replicas_.all_reduce_sum(bucket.data(), bucket.size());
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error) {
      error_ = error;
      changed_.notify_all();
      return;
    }
    queue_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace alexnet
