// The implementations behind Communicator, and what they share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/comm/make_communicators.hpp"

namespace alexnet {

struct Failure {
  ExitCode code;
  std::string reason;
};

// This process as one rank of a job.
class ProcessRank {
 public:
  virtual ~ProcessRank() = default;
  virtual Communicator& world() = 0;
  virtual std::optional<Failure> failure() = 0;  // of any rank
  virtual void finish() = 0;                     // all ranks have done their work
  // After a failure: says why, on one rank of those that still answer, and ends this process with its exit code.
  [[noreturn]] virtual void leave(const Failure& failure) = 0;
};

// How a launcher's environment describes this process.
struct Launch {
  std::string by;  // "mpirun"
  int rank, size;
};
// Absent: it was started as any program is, or as the only process.
std::optional<Launch> find_launch();

// Starts MPI. Throws Error(unavailable) when it connects other than launch.size processes, or is not in this build.
std::unique_ptr<ProcessRank> make_mpi_rank(const Launch& launch, double time_limit_s);

// Throws Error(unavailable) when there is nothing to talk to the others with.
std::unique_ptr<ProcessRank> make_process_rank(const Launch& launch, double time_limit_s);

// What a call throws after another rank has given up: that rank's reason and exit code.
class AbortedByAnother : public Error {
 public:
  using Error::Error;
};

// Of ranks that are waited for those that hold up the rest: one that waits itself is not to blame, those that it waits for are.
// waits_for(rank): whom it waits for, nobody if it does not wait. Ranks count in the world.
std::vector<int> find_culprits(const std::vector<int>& missing, const std::function<std::vector<int>(int rank)>& waits_for);

// "ranks 1, 2 did not arrive at all_gather within 60 s: ..."
std::string describe_missing(const std::vector<int>& ranks, const std::string& call, double time_limit_s);

// dst[i] = srcs[0][i] + srcs[1][i] + ..., added in this order; dst may be one of srcs. Host memory.
void sum_in_order(float* dst, std::span<const float* const> srcs, std::size_t count);

// Part number `rank` of `count` elements that `size` ranks divide among them.
struct Part {
  std::size_t first, count;
};
constexpr Part part_of(std::size_t count, int rank, int size) {
  const auto n = static_cast<std::size_t>(size), r = static_cast<std::size_t>(rank);
  const std::size_t each = count / n, more = count % n;  // the first `more` ranks take one more
  return {r * each + (r < more ? r : more), each + (r < more ? 1 : 0)};
}

// Counts as communicator.hpp says, whatever the implementation sends.
class TrafficCounter {
 public:
  void all_gather(std::size_t bytes, int size) { add(bytes * others(size), bytes * others(size)); }
  void reduce_scatter(std::size_t count, int size) { all_gather(count * sizeof(float), size); }
  void all_reduce(std::size_t count, int rank, int size) {
    const std::size_t part = part_of(count, rank, size).count;
    const std::size_t bytes = (count - part + part * others(size)) * sizeof(float);
    add(bytes, bytes);
  }
  void broadcast(std::size_t bytes, bool is_root, int size) { add(is_root ? bytes * others(size) : 0, is_root ? 0 : bytes); }
  Traffic total() const { return {sent_.load(std::memory_order_relaxed), received_.load(std::memory_order_relaxed)}; }

 private:
  static std::size_t others(int size) { return static_cast<std::size_t>(size) - 1; }
  void add(std::uint64_t sent, std::uint64_t received) {
    sent_.fetch_add(sent, std::memory_order_relaxed);
    received_.fetch_add(received, std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> sent_{0}, received_{0};
};

}  // namespace alexnet
