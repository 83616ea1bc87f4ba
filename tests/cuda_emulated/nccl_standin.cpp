#include "cuda_emulated/nccl_standin.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "emulator/memory.hpp"
#include "emulator/streams.hpp"

namespace alexnet::test {

NcclStandin& nccl_standin() {
  static NcclStandin standin;
  return standin;
}

namespace {

using Kind = StandinTrouble::Kind;

std::mutex mutex;  // of all below
std::string last_error;

ncclResult_t refuse(ncclResult_t result, const std::string& why) {
  last_error = why;
  return result;
}
ncclResult_t misuse(const std::string& why) {
  nccl_standin().misuses.push_back(why);
  return refuse(ncclInvalidUsage, why);
}

std::size_t size_of(ncclDataType_t type) { return type == ncclFloat32 ? sizeof(float) : 1; }
bool is_device_memory(const void* memory, int* device) {
  cudaPointerAttributes attributes{};
  cudaPointerGetAttributes(&attributes, memory);
  *device = attributes.device;
  return attributes.type == cudaMemoryTypeDevice;
}

// One call of all ranks.
struct Collective {
  std::string call;
  std::size_t count;
  ncclDataType_t type;
  int root;
  std::vector<const void*> srcs;
  std::vector<void*> dsts;
  std::size_t num_come = 0;
  bool is_done = false;

  bool fits(const Collective& other) const {
    return call == other.call && count == other.count && type == other.type && root == other.root;
  }
  std::size_t bytes() const { return count * size_of(type); }
  std::size_t src_bytes() const { return bytes() * (call == "ReduceScatter" ? srcs.size() : 1); }

  std::vector<std::byte> sums() const {
    std::vector<float> sum(src_bytes() / sizeof(float));
    for (const void* src : srcs) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<const float*>(src)[i];
    }
    const auto* first = reinterpret_cast<const std::byte*>(sum.data());
    return {first, first + src_bytes()};
  }

  void run() {
    const auto n = static_cast<std::size_t>(bytes());
    int device = 0;
    std::vector<std::byte> result;
    const auto append = [&](const void* src) {
      result.insert(result.end(), static_cast<const std::byte*>(src), static_cast<const std::byte*>(src) + n);
    };
    for (std::size_t rank = 0; rank < srcs.size() && n > 0; ++rank) {
      const bool is_read = call != "Broadcast" || static_cast<int>(rank) == root;
      if (is_read && is_device_memory(srcs[rank], &device)) emulator::check_written(srcs[rank], src_bytes());
    }
    if (call == "AllGather") std::for_each(srcs.begin(), srcs.end(), append);
    if (call == "Broadcast") append(srcs[static_cast<std::size_t>(root)]);
    if (call == "AllReduce" || call == "ReduceScatter") result = sums();
    for (std::size_t rank = 0; rank < dsts.size() && n > 0; ++rank) {
      const bool is_part = call == "ReduceScatter";
      const std::size_t num = is_part ? n : result.size();
      std::memcpy(dsts[rank], result.data() + (is_part ? rank * n : 0), num);
      if (is_device_memory(dsts[rank], &device)) emulator::mark_written(dsts[rank], num);
    }
    is_done = true;
  }
};

// The communicators that got one id.
struct Clique {
  std::size_t num_joined = 0, num_finalized = 0;
  std::set<int> devices;
  std::map<std::uint64_t, std::shared_ptr<Collective>> calls;  // that not all ranks have come to, by their number
};

}  // namespace
}  // namespace alexnet::test

struct ncclComm {
  std::shared_ptr<alexnet::test::Clique> clique;
  std::size_t size;
  int rank, device;
  std::string call = {};             // what was started last
  std::function<bool()> step = {};   // of what is in progress: whether it is over
  int polls = 0;                     // before it is tried
  ncclResult_t error = ncclSuccess;  // that came later
  std::uint64_t num_calls = 0;
  bool is_finalized = false, is_aborted = false;
};

namespace alexnet::test {
namespace {

std::map<ncclComm_t, std::shared_ptr<ncclComm>> alive;
std::map<std::string, std::shared_ptr<Clique>> cliques;  // by id

ncclResult_t state_of(ncclComm& comm) {
  if (!comm.step) return comm.error;
  const bool is_early = comm.polls > 0;
  if (is_early) --comm.polls;
  if (is_early || !comm.step()) {
    ++nccl_standin().num_in_progress[comm.call];
    return ncclInProgress;
  }
  comm.step = nullptr;
  return comm.error;
}

// `step` is over when it returns true.
ncclResult_t begin(ncclComm& comm, const std::string& call, std::function<bool()> step) {
  if (comm.step) return misuse(call + " while " + comm.call + " is in progress");
  if (comm.error != ncclSuccess) return misuse(call + " after an error of " + comm.call);
  const std::optional<StandinTrouble>& trouble = nccl_standin().trouble;
  comm.call = call;
  comm.step = std::move(step);
  comm.polls = nccl_standin().polls;
  if (trouble && trouble->call == call && trouble->rank == comm.rank) {
    if (trouble->kind == Kind::refused) {
      comm.step = nullptr;
      return refuse(trouble->result, "the stand-in\nrefuses");
    }
    comm.step = [&comm, kind = trouble->kind, result = trouble->result] {
      if (kind == Kind::hangs) return false;
      comm.error = refuse(result, "the stand-in fails");
      return true;
    };
  }
  return comm.polls == 0 ? state_of(comm) : ncclInProgress;
}

// The comm's stream is at work until all ranks have come, and for ever if the trouble is that one hangs.
ncclResult_t collective(const std::string& name, ncclComm_t handle, Collective call, const void* src, void* dst, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (!alive.contains(handle)) return refuse(ncclInvalidArgument, "no communicator");
  const std::shared_ptr<ncclComm> comm = alive.at(handle);
  call.call = name;
  call.srcs.resize(comm->size);
  call.dsts.resize(comm->size);
  for (const void* memory : {src, static_cast<const void*>(dst)}) {
    int device = 0;
    if (call.count > 0 && is_device_memory(memory, &device) && device != comm->device) return misuse(name + ": another device's memory");
  }
  int current_device = 0;
  cudaGetDevice(&current_device);
  if (current_device != comm->device) return misuse(name + " by a thread that has chosen another device");
  if (emulator::device_of(stream) != comm->device) return misuse(name + ": another device's stream");
  if (comm->is_finalized) return misuse(name + " after CommFinalize");
  const std::uint64_t number = comm->num_calls++;
  return begin(*comm, name, [=, wanted = std::move(call)] {
    std::shared_ptr<Collective>& made = comm->clique->calls[number];
    if (!made) made = std::make_shared<Collective>(wanted);
    const std::shared_ptr<Collective> shared = made;
    if (!shared->fits(wanted)) misuse(name + " does not fit " + shared->call);
    shared->srcs[static_cast<std::size_t>(comm->rank)] = src;
    shared->dsts[static_cast<std::size_t>(comm->rank)] = dst;
    if (++shared->num_come == comm->size) comm->clique->calls.erase(number);
    emulator::give_work(stream, [comm, shared] {
      const std::lock_guard lock_of_work(mutex);
      if (comm->is_aborted) return true;
      if (shared->num_come == comm->size && !shared->is_done) shared->run();
      return shared->is_done;
    });
    return true;
  });
}

}  // namespace
}  // namespace alexnet::test

using namespace alexnet::test;  // NOLINT(google-build-using-namespace): what follows are NCCL's own names

ncclResult_t ncclGetVersion(int* version) {
  *version = 22809;
  return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  const std::lock_guard lock(mutex);
  const auto& trouble = nccl_standin().trouble;
  if (trouble && trouble->call == "GetUniqueId") return refuse(trouble->result, "the stand-in\nrefuses");
  static int num_ids = 0;
  std::snprintf(id->internal, sizeof id->internal, "id %d", ++num_ids);
  cliques.emplace(id->internal, std::make_shared<Clique>());
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank, ncclConfig_t* config) {
  const std::lock_guard lock(mutex);
  if (config->mark != kNcclConfigMark || config->blocking != 0) return misuse("a config that was not initialised, or blocks");
  if (!cliques.contains(id.internal)) return misuse("an id that was not made");
  const std::shared_ptr<Clique> clique = cliques.at(id.internal);
  int device = 0;
  cudaGetDevice(&device);
  if (!clique->devices.insert(device).second) return refuse(ncclInvalidUsage, "two ranks on one device");
  const auto made = std::make_shared<ncclComm>(ncclComm{clique, static_cast<std::size_t>(size), rank, device});
  const ncclResult_t result = begin(*made, "CommInitRankConfig", [clique, size, has_joined = false]() mutable {
    if (!std::exchange(has_joined, true)) ++clique->num_joined;
    return clique->num_joined == static_cast<std::size_t>(size);
  });
  if (result != ncclSuccess && result != ncclInProgress) return result;  // nothing was made
  alive.emplace(made.get(), made);
  ++nccl_standin().num_made;
  *comm = made.get();
  return result;
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  const std::lock_guard lock(mutex);
  if (!alive.contains(comm) || comm->is_finalized) return misuse("CommFinalize of no communicator");
  comm->is_finalized = true;
  return begin(*comm, "CommFinalize", [comm, has_come = false]() mutable {
    if (!std::exchange(has_come, true)) ++comm->clique->num_finalized;
    return comm->clique->num_finalized == comm->size;
  });
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  const std::lock_guard lock(mutex);
  if (!alive.contains(comm)) return misuse("CommDestroy of no communicator");
  if (!comm->is_finalized || comm->step) return misuse("CommDestroy before CommFinalize is over");
  ++nccl_standin().num_destroyed;
  alive.erase(comm);
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  const std::lock_guard lock(mutex);
  if (!alive.contains(comm)) return misuse("CommAbort of no communicator");
  ++nccl_standin().num_aborted;
  comm->is_aborted = true;
  comm->step = nullptr;
  alive.erase(comm);
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  const std::lock_guard lock(mutex);
  if (!alive.contains(comm)) return misuse("CommGetAsyncError of no communicator");
  *state = state_of(*comm);
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "another rank failed" : result == ncclSystemError ? "a call of the system failed" : "wrong use";
}

const char* ncclGetLastError(ncclComm_t /*comm*/) {
  const std::lock_guard lock(mutex);
  static thread_local std::string kept;
  kept = last_error;
  return kept.c_str();
}

ncclResult_t ncclAllGather(const void* src, void* dst, std::size_t count, ncclDataType_t type, ncclComm_t comm, cudaStream_t stream) {
  return collective("AllGather", comm, {.count = count, .type = type}, src, dst, stream);
}
ncclResult_t ncclReduceScatter(const void* src, void* dst, std::size_t count, ncclDataType_t type, ncclRedOp_t /*op*/, ncclComm_t comm,
                               cudaStream_t stream) {
  return collective("ReduceScatter", comm, {.count = count, .type = type}, src, dst, stream);
}
ncclResult_t ncclAllReduce(const void* src, void* dst, std::size_t count, ncclDataType_t type, ncclRedOp_t /*op*/, ncclComm_t comm,
                           cudaStream_t stream) {
  return collective("AllReduce", comm, {.count = count, .type = type}, src, dst, stream);
}
ncclResult_t ncclBroadcast(const void* src, void* dst, std::size_t count, ncclDataType_t type, int root, ncclComm_t comm,
                           cudaStream_t stream) {
  return collective("Broadcast", comm, {.count = count, .type = type, .root = root}, src, dst, stream);
}
