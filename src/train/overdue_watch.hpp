// Ends a process that was asked to stop while other ranks do not come: nothing is gained by waiting for the time limit then, and who
// asked may kill at any moment.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace alexnet {

class OverdueWatch {
 public:
  // Looks, on a thread of its own, whether a stop is asked for, and calls `leave` once a step takes far longer than any before it: three
  // times as long and two seconds. The first step may take any time.
  explicit OverdueWatch(std::function<void(double waited_s)> leave);
  ~OverdueWatch();
  OverdueWatch(const OverdueWatch&) = delete;
  OverdueWatch& operator=(const OverdueWatch&) = delete;

  void begin_step();
  void end_step();  // what comes until the next one (a validation, a checkpoint) may take its time

 private:
  void run();

  std::function<void(double waited_s)> leave_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  double step_began_s_ = -1;  // -1: in no step
  double longest_s_ = -1;     // -1: none yet
  int looks_ = 0;             // since then: the time in which this process was stopped itself does not count
  std::thread thread_;
};

}  // namespace alexnet
