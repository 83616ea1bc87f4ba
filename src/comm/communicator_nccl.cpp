// Ranks with a GPU each, through NCCL. They meet on the host first: there a missing rank is noticed and named, and a rank that gives up
// heard of, by the communicator that they had before. Then all of them give the call to their streams, and wait for its end at most the
// time limit, or until they hear of one that gave up; NCCL's own waiting cannot be interrupted but by ncclCommAbort, which spoils the
// communicator.
//
// The library is loaded when the first communicator is made, not when the program starts: a machine without it can do the rest.
#include <cuda_runtime.h>
#include <dlfcn.h>
#include <nccl.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "alexnet/core/log.hpp"
#include "comm/communicators.hpp"

namespace alexnet {
namespace {

constexpr const char* kLibrary = "libnccl.so.2";
constexpr const char* kFolderVariable = "ALEXNET_NCCL_FOLDER";

// From where the user says, and nowhere else; or from the usual places, or where CUDA was when the program was built.
void* load_library() {
  const char* folder = std::getenv(kFolderVariable);
  const auto load = [](const std::string& file) { return dlopen(file.c_str(), RTLD_NOW); };
  if (void* library = load(folder == nullptr ? kLibrary : fmt::format("{}/{}", folder, kLibrary))) return library;
  const std::string why = dlerror();
  if (folder == nullptr) {
    if (void* library = load(fmt::format("{}/{}", ALEXNET_NCCL_FOLDER, kLibrary))) return library;
  }
  fail(ExitCode::unavailable, "NCCL: {}; install libnccl2, or name its folder in {} or LD_LIBRARY_PATH", why, kFolderVariable);
}

template <class Function>
Function find_function(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) fail(ExitCode::unavailable, "NCCL: {} has no function {}: 2.14 or later is needed", kLibrary, name);
  return reinterpret_cast<Function>(symbol);
}

// The library's functions, by their names without "nccl". It stays loaded.
struct Nccl {
  void* library = load_library();
#define ALEXNET_NCCL_FUNCTION(name) decltype(&nccl##name) name = find_function<decltype(&nccl##name)>(library, "nccl" #name)
  ALEXNET_NCCL_FUNCTION(GetVersion);
  ALEXNET_NCCL_FUNCTION(GetUniqueId);
  ALEXNET_NCCL_FUNCTION(CommInitRankConfig);
  ALEXNET_NCCL_FUNCTION(CommFinalize);
  ALEXNET_NCCL_FUNCTION(CommDestroy);
  ALEXNET_NCCL_FUNCTION(CommAbort);
  ALEXNET_NCCL_FUNCTION(CommGetAsyncError);
  ALEXNET_NCCL_FUNCTION(GetErrorString);
  ALEXNET_NCCL_FUNCTION(GetLastError);
  ALEXNET_NCCL_FUNCTION(AllGather);
  ALEXNET_NCCL_FUNCTION(ReduceScatter);
  ALEXNET_NCCL_FUNCTION(AllReduce);
  ALEXNET_NCCL_FUNCTION(Broadcast);
#undef ALEXNET_NCCL_FUNCTION
};

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(std::unique_ptr<Communicator> host, DeviceMemory& memory)
      : host_(std::move(host)), memory_(memory), stream_(static_cast<cudaStream_t>(memory.stream())) {
    ncclUniqueId id{};
    if (rank() == 0) check(nccl_.GetUniqueId(&id), "making an id");
    host_->broadcast(&id, sizeof id, 0);
    choose_device();
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    abort_on_error([&] { start("connecting the ranks", [&] { return nccl_.CommInitRankConfig(&comm_, size(), id, rank(), &config); }); });
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  ~NcclCommunicator() override {
    // NCCL disconnects when all ranks do. For one that is on its way out with an error they do not come, and wait to hear of it.
    if (std::uncaught_exceptions() > 0) abort_connection();
    if (comm_ == nullptr) return;
    try {
      abort_on_error([&] { start("disconnecting the ranks", [&] { return nccl_.CommFinalize(comm_); }); });
      nccl_.CommDestroy(comm_);
    } catch (const std::exception& e) {
      log::debug("{}", e.what());
    }
  }

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }
  std::string description() const override {
    int version = 0;
    nccl_.GetVersion(&version);
    return fmt::format("NCCL {}.{}.{}, {} GPUs; {}", version / 10000, version / 100 % 100, version % 100, size(), host_->description());
  }

  void all_gather(const void* src, void* dst, std::size_t bytes) override {
    call("all_gather", [&] { return nccl_.AllGather(src, dst, bytes, ncclInt8, comm_, stream_); });
    traffic_.all_gather(bytes, size());
  }
  void reduce_scatter_sum(const float* src, float* dst, std::size_t count) override {
    call("reduce_scatter_sum", [&] { return nccl_.ReduceScatter(src, dst, count, ncclFloat32, ncclSum, comm_, stream_); });
    traffic_.reduce_scatter(count, size());
  }
  void all_reduce_sum(float* values, std::size_t count) override {
    call("all_reduce_sum", [&] { return nccl_.AllReduce(values, values, count, ncclFloat32, ncclSum, comm_, stream_); });
    traffic_.all_reduce(count, rank(), size());
  }
  void broadcast(void* values, std::size_t bytes, int root) override {
    call("broadcast", [&] { return nccl_.Broadcast(values, values, bytes, ncclInt8, root, comm_, stream_); });
    traffic_.broadcast(bytes, rank() == root, size());
  }
  void barrier() override { host_->barrier(); }

  std::unique_ptr<Communicator> split(int color) override { return make_device_communicator(host_->split(color), &memory_); }
  void abort(ExitCode code, const std::string& reason) noexcept override { host_->abort(code, reason); }
  void throw_if_aborted() override { host_->throw_if_aborted(); }
  double time_limit_s() const override { return host_->time_limit_s(); }
  Traffic traffic() const override { return traffic_.total(); }

 private:
  template <class Give>
  void call(const char* what, Give give) {
    abort_on_error([&] {
      host_->barrier();
      choose_device();
      start(what, give);
      wait(what, [&] {
        const cudaError_t state = cudaStreamQuery(stream_);
        if (state != cudaErrorNotReady) check_cuda(state, what);
        return state == cudaSuccess;
      });
    });
  }

  // Gives NCCL something to do, and waits until it has taken it: until then it must be asked for nothing else.
  template <class Give>
  void start(const char* what, Give give) {
    if (const ncclResult_t result = give(); result != ncclInProgress) check(result, what);
    wait(what, [] { return true; });
  }

  // Until NCCL has no more to do on the host and `is_done`.
  template <class IsDone>
  void wait(const char* what, IsDone is_done) {
    const auto begin = std::chrono::steady_clock::now();
    const std::chrono::duration<double> limit(host_->time_limit_s());
    for (;;) {
      ncclResult_t state = ncclSuccess;
      check(nccl_.CommGetAsyncError(comm_, &state), what);
      if (state != ncclInProgress) check(state, what);
      if (state == ncclSuccess && is_done()) return;
      host_->throw_if_aborted();  // one that gave up after all had come does not do its part
      if (std::chrono::steady_clock::now() - begin > limit) {
        fail(ExitCode::rank_lost, "{} on the GPUs did not end within {:g} s although all ranks had come: one was lost, or hangs", what,
             limit.count());
      }
      std::this_thread::yield();
    }
  }

  // A kernel of NCCL that waits for another rank holds the GPU: memory cannot even be freed there before it is aborted.
  template <class Step>
  void abort_on_error(Step step) {
    try {
      step();
    } catch (...) {
      abort_connection();
      throw;
    }
  }
  void abort_connection() {
    if (comm_ != nullptr) nccl_.CommAbort(comm_);
    comm_ = nullptr;
  }

  void check(ncclResult_t result, const char* what) const {
    if (result == ncclSuccess) return;
    std::string last = nccl_.GetLastError(nullptr);  // of this process; NCCL does not look at the argument
    std::ranges::replace(last, '\n', ' ');
    fail(ExitCode::rank_lost, "NCCL: {}: {} ({})", what, nccl_.GetErrorString(result), last);
  }
  void check_cuda(cudaError_t error, const char* what) const {
    if (error != cudaSuccess) fail(ExitCode::internal, "cuda device {}: {}: {}", memory_.device_id(), what, cudaGetErrorString(error));
  }
  // Several devices of one process: each thread chooses its own.
  void choose_device() const { check_cuda(cudaSetDevice(memory_.device_id()), "choosing the device"); }

  const Nccl nccl_;
  std::unique_ptr<Communicator> host_;
  DeviceMemory& memory_;
  cudaStream_t stream_;
  ncclComm_t comm_ = nullptr;
  TrafficCounter traffic_;
};

}  // namespace

std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host, DeviceMemory& memory) {
  return std::make_unique<NcclCommunicator>(std::move(host), memory);
}

}  // namespace alexnet
