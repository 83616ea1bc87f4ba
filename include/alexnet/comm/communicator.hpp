// Ranks that compute together: the columns of one network, or its replicas. A rank owns one device; ranks are threads of one process or
// processes of one MPI job, and a Communicator hides which.
//
// Every call below is collective unless it says otherwise: all ranks make the same calls in the same order with the same sizes. It
// blocks until this rank's part is done, at most the time limit, and throws Error(rank_lost) that names the ranks that are missing by
// then, or what abort() was given when another rank has given up; after that no communicator of these ranks is of any use. Sums are
// formed in the order of the ranks (of NCCL in one that depends on the ranks and their GPUs), so the same ranks get the same bits again.
// One thread of a rank uses a communicator at a time; different ones may be used at the same time, on GPUs those with queues of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "alexnet/core/error.hpp"
#include "alexnet/tensor/device_memory.hpp"

namespace alexnet {

// Bytes that this rank handed to others, and got from them; a sum of n ranks by any algorithm counts as one gift to each other rank of
// what is that rank's part (reduce_scatter), and an all_reduce as a reduce_scatter and an all_gather of the parts.
struct Traffic {
  std::uint64_t sent_bytes = 0, received_bytes = 0;
  bool operator==(const Traffic&) const = default;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual std::string description() const = 0;  // "MPI, 4 processes"; not collective
  virtual double time_limit_s() const = 0;      // of each call

  // Memory is that of the ranks' devices (of the host for CPUs). src and dst must not overlap.
  // src: `bytes` of this rank; dst: size() x bytes, in the order of the ranks.
  virtual void all_gather(const void* src, void* dst, std::size_t bytes) = 0;
  // src: size() x count; dst: count, the sum over the ranks of their part number rank().
  virtual void reduce_scatter_sum(const float* src, float* dst, std::size_t count) = 0;
  virtual void all_reduce_sum(float* values, std::size_t count) = 0;
  virtual void broadcast(void* values, std::size_t bytes, int root) = 0;
  virtual void barrier() = 0;

  // The ranks that named the same color, in the order of their ranks here. Its traffic counts apart.
  virtual std::unique_ptr<Communicator> split(int color) = 0;

  // Makes every call of the others, running or to come, on this communicator and on all that come from the same world, throw
  // Error(code, reason). Not collective; for a rank that fails. The first reason counts.
  virtual void abort(ExitCode code, const std::string& reason) noexcept = 0;
  // Throws what a rank gave up with, if one did. Not collective; for one that waits for the others by means of its own.
  virtual void throw_if_aborted() = 0;

  virtual Traffic traffic() const = 0;  // of this rank since the beginning; not collective
};

// The same ranks, for the memory of their devices: collective. `memory` stays the caller's and must outlive what is returned; nullptr is
// the host's, where `host` itself is what is wanted. Ranks with a GPU each use NCCL; ranks that are threads may all share one.
// Throws Error(configuration) for processes that share one, and when only some ranks do; Error(unavailable) without NCCL.
std::unique_ptr<Communicator> make_device_communicator(std::unique_ptr<Communicator> host, DeviceMemory* memory);

}  // namespace alexnet
