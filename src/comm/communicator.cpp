#include "alexnet/comm/communicator.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "alexnet/comm/ranks.hpp"
#include "comm/communicators.hpp"

namespace alexnet {

std::vector<int> find_culprits(const std::vector<int>& missing, const std::function<std::vector<int>(int rank)>& waits_for) {
  std::set<int> seen(missing.begin(), missing.end());
  std::vector<int> to_look_at = missing, culprits;
  while (!to_look_at.empty()) {
    const int rank = to_look_at.back();
    to_look_at.pop_back();
    const std::vector<int> next = waits_for(rank);
    if (next.empty()) culprits.push_back(rank);
    for (const int other : next) {
      if (seen.insert(other).second) to_look_at.push_back(other);
    }
  }
  std::sort(culprits.begin(), culprits.end());
  return culprits.empty() ? missing : culprits;  // none: they wait for each other
}

std::string describe_missing(const std::vector<int>& ranks, const std::string& call, double time_limit_s) {
  return fmt::format("rank{} {} did not arrive at {} within {:g} s: lost, hung, or slower than that", ranks.size() == 1 ? "" : "s",
                     fmt::join(ranks, ", "), call, time_limit_s);
}

void sum_in_order(float* dst, std::span<const float* const> srcs, std::size_t count) {
  std::array<float, 2048> sums;  // dst may be one of srcs
  for (std::size_t first = 0; first < count; first += sums.size()) {
    const std::size_t n = std::min(sums.size(), count - first);
    std::copy_n(srcs[0] + first, n, sums.data());
    for (const float* src : srcs.subspan(1)) {
      for (std::size_t i = 0; i < n; ++i) sums[i] += src[first + i];
    }
    std::copy_n(sums.data(), n, dst + first);
  }
}

namespace {

// By name, in the order of --version; what this build lacks is absent.
constexpr std::array kCommunicators{
    "threads",
#ifdef ALEXNET_MPI
    "mpi",
#endif
#ifdef ALEXNET_NCCL
    "nccl",
#endif
};

}  // namespace

std::vector<std::string> built_communicators() { return {kCommunicators.begin(), kCommunicators.end()}; }

#ifndef ALEXNET_MPI
std::unique_ptr<ProcessRank> make_mpi_rank(const Launch& launch, double /*time_limit_s*/) {
  fail(ExitCode::unavailable,
       "{} started {} processes, but this program was built without MPI: install libopenmpi-dev and reconfigure with -DALEXNET_MPI=ON, or "
       "start it alone: its ranks are then threads",
       launch.by, launch.size);
}
#endif

std::unique_ptr<ProcessRank> make_process_rank(const Launch& launch, double time_limit_s) {
  if (launch.by == "torchrun") {
    fail(ExitCode::unavailable,
         "torchrun started {} processes, but it is MPI that connects those of alexnet: start them with mpirun -n {} or srun --mpi=pmix, or "
         "on "
         "one host with torchrun --nproc-per-node=1 and device.replicas: its ranks are then threads",
         launch.size, launch.size);
  }
  return make_mpi_rank(launch, time_limit_s);
}

#ifndef ALEXNET_NCCL
std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host, DeviceMemory& /*memory*/) {
  fail(ExitCode::unavailable,
       "{} ranks with a GPU each need NCCL, which this program was built without: install libnccl-dev and reconfigure with cmake --preset "
       "cuda",
       host->size());
}
#endif

std::unique_ptr<Communicator> make_device_communicator(std::unique_ptr<Communicator> host, DeviceMemory* memory) {
  if (memory == nullptr) return host;
  if (host->size() == 1) return make_single_communicator(memory);
  using Name = std::array<char, 64>;
  Name mine{};
  memory->unique_name().copy(mine.data(), mine.size() - 1);
  std::vector<Name> names(static_cast<std::size_t>(host->size()));
  host->all_gather(mine.data(), names.data(), sizeof mine);
  const std::set<Name> distinct(names.begin(), names.end());
  if (distinct.size() == names.size()) return make_nccl_communicator(std::move(host), *memory);
  if (distinct.size() > 1) {
    fail(ExitCode::configuration, "device.ids: {} ranks use {} GPUs; give each rank one of its own, or the same to all", names.size(),
         distinct.size());
  }
  if (std::unique_ptr<Communicator> shared = make_thread_communicator_on_device(*host, *memory)) return shared;
  fail(ExitCode::configuration,
       "device.ids: {} processes share one GPU, which NCCL does not serve; give each a GPU of its own, or start one process: its ranks are "
       "then threads",
       names.size());
}

}  // namespace alexnet
