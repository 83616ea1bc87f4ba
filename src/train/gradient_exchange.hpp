// Sums gradients over the replicas while the backward pass goes on: layers hand over their gradients as these come, from the last layer
// to the first, and a thread sums them in buckets of some 25 MB, in place.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <span>
#include <thread>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet {

class GradientExchange {
 public:
  // replicas: used by the thread alone. Both must outlive this.
  GradientExchange(Communicator& replicas, Backend& backend);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  // A layer's gradients, given to the device. Those that end where the ones before began share a bucket with them.
  void add(float* values, std::size_t count);
  // Waits until all that was added holds its sum. Throws what the communicator threw.
  void finish();

 private:
  void hand_over();
  void run();

  Communicator& replicas_;
  Backend& backend_;
  std::span<float> bucket_;  // not handed over yet

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::span<float>> queue_;  // the first one is being summed
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace alexnet
