// Ends a process that was asked to stop while other ranks do not come: nothing is gained by waiting for the time limit then, and who
// asked may kill at any moment.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace alexnet {

class OverdueWatch {
 public:
  // Those in which a rank waits for others. In no phase (while it writes a file, say) it may take its time.
  enum class Phase { none, step, validation, gathering };

  // Looks, on a thread of its own, whether a stop is asked for, and calls `leave` once a phase takes far longer than any of its kind
  // before and than as many steps as it begins with: three times as long and two seconds. The first step may take any time.
  explicit OverdueWatch(std::function<void(double waited_s)> leave);
  ~OverdueWatch();
  OverdueWatch(const OverdueWatch&) = delete;
  OverdueWatch& operator=(const OverdueWatch&) = delete;

  // Ends the phase before.
  void begin(Phase phase, double num_steps = 1);

 private:
  void run();
  double& longest_s(Phase phase);

  std::function<void(double waited_s)> leave_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  Phase phase_ = Phase::none;
  double began_s_ = 0;
  double num_steps_ = 1;
  std::array<double, 4> longest_s_ = {-1, -1, -1, -1};  // of each phase; -1: none has ended yet
  int looks_ = 0;                                       // since it began: the time in which this process was stopped itself does not count
  std::thread thread_;
};

}  // namespace alexnet
