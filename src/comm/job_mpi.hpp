// What the processes of an MPI job tell each other beside their collective calls: that one gives up, and who waits for whom.
//
// Such messages travel over a communicator of their own and are looked for while a rank waits. They are short, so that a message goes
// out without the receiver's help.
#pragma once

#include <mpi.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "comm/communicators.hpp"

namespace alexnet {

// Throws Error(rank_lost) "MPI: what: reason".
void check_mpi(int error, const char* what);

class MpiJob {
 public:
  // Starts MPI. Throws Error(unavailable) when it cannot be used from several threads, or knows of other than num_launched ranks.
  MpiJob(int num_launched, double time_limit_s);
  MpiJob(const MpiJob&) = delete;
  MpiJob& operator=(const MpiJob&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  double time_limit_s() const { return time_limit_s_; }

  // Tells all ranks; the first reason counts, be it of this rank or of another.
  void give_up(ExitCode code, const std::string& reason) noexcept;
  // Looks for messages. Throws AbortedByAnother once there is a failure.
  void throw_if_failed();
  std::optional<Failure> failure();

  // This rank, in its communicator number `id`, waits for these for long; none: no longer. And who is to blame for `missing`.
  void tell_waiting(int id, const std::vector<int>& missing);
  std::vector<int> culprits(const std::vector<int>& missing);
  int new_communicator_id() { return next_id_.fetch_add(1); }

  // Requests may be pending on it when a call has failed: it stays until the process ends.
  void keep(std::shared_ptr<void> memory);

  // All ranks have done their work: ends MPI.
  void finish();
  // After a failure: waits a little until the other ranks leave too, says why on the lowest of those that do, and ends this process.
  // MPI_Finalize would wait for a rank that is lost.
  [[noreturn]] void leave(const Failure& failure);

 private:
  void send(int tag, const std::vector<std::byte>& message, int to);
  void send_to_all(int tag, const std::vector<std::byte>& message);
  void receive_all();  // what has come; the lock is held
  bool receive_until(const std::function<bool()>& is_enough, double most_s);
  void receive(int tag, int from, const std::vector<std::byte>& message);

  int rank_ = 0, size_ = 0;
  double time_limit_s_;
  MPI_Comm control_ = MPI_COMM_NULL;
  std::atomic<int> next_id_{0};

  std::mutex mutex_;
  std::optional<Failure> failure_;
  std::vector<bool> is_leaving_;
  bool has_another_spoken_ = false;
  std::map<std::pair<int, int>, std::vector<int>> waits_;  // rank and number of the communicator -> whom for
  std::list<std::pair<MPI_Request, std::vector<std::byte>>> sent_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace alexnet
