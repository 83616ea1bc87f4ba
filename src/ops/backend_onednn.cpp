// The CPU backend: oneDNN's kernels and loops of our own, on OpenMP threads, in host memory. Work is done when a call returns.
//
// OpenMP keeps the number of threads per calling thread. An op takes over the number of the thread that makes it, which the backend sets
// there: make a backend and its ops in one thread. They may run in another one; ranks that are threads have a backend each.
#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "alexnet/core/error.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

constexpr int kMaxThreads = 4096;

// This rank's part of the cores that the process may run on, or fewer if OMP_NUM_THREADS says so.
int default_num_threads(int num_sharing) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  int count = sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : omp_get_num_procs();
  count = std::max(1, count / num_sharing);
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    int wanted = 0;  // of a list "4,2" (nested levels) the first counts
    std::from_chars(text, text + std::strlen(text), wanted);
    if (wanted > 0) count = std::min(count, wanted);
  }
  return std::clamp(count, 1, kMaxThreads);
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    if (start != std::string::npos) return line.substr(start);
  }
  return "an unnamed CPU";
}

class TimerOnednn final : public Timer {
 public:
  void start() override { begin_ = Clock::now(); }
  double stop_s() override { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_;
};

class BackendOnednn final : public Backend {
 public:
  explicit BackendOnednn(const BackendOptions& options) {
    const int num_threads = options.num_threads;
    if (num_threads < 0 || num_threads > kMaxThreads) {
      fail(ExitCode::configuration, "device.threads is {}, must be 1 to {}, or 0 for all cores", num_threads, kMaxThreads);
    }
    num_threads_ = num_threads > 0 ? num_threads : default_num_threads(options.num_sharing);
    omp_set_num_threads(num_threads_);
    onednn::guarded("backend onednn", [] { onednn::stream(); });
  }

  std::string_view name() const override { return "onednn"; }
  std::string description() const override {
    const dnnl::version_t* version = dnnl::version();
    return fmt::format("oneDNN {}.{}.{} on {}, {} thread{}", version->major, version->minor, version->patch, cpu_model(), num_threads_,
                       num_threads_ == 1 ? "" : "s");
  }

  void check_activation_type(DType type) override {
    if (type == DType::f32 || bf16_is_checked_) return;
    onednn::check_bf16();
    bf16_is_checked_ = true;
  }

  Buffer allocate(std::size_t bytes, const std::string& what) override { return Buffer::host(bytes, what); }
  std::optional<std::size_t> free_bytes() const override { return std::nullopt; }
  void copy_to_device(void* dst, const void* src, std::size_t bytes) override { copy(dst, src, bytes); }
  void copy_to_host(void* dst, const void* src, std::size_t bytes) override { copy(dst, src, bytes); }
  void zero(void* dst, std::size_t bytes) override {
    if (bytes > 0) std::memset(dst, 0, bytes);
  }
  void add(float* dst, const float* src, std::size_t count) override {
#pragma omp parallel for simd schedule(static) num_threads(num_threads_)
    for (std::size_t i = 0; i < count; ++i) dst[i] += src[i];
  }
  void synchronize() override {}
  std::unique_ptr<Timer> make_timer() override { return std::make_unique<TimerOnednn>(); }

  std::unique_ptr<Input> make_input(const InputShape& shape) override { return make_input_onednn(shape); }
  std::unique_ptr<Conv2d> make_conv2d(const Conv2dShape& shape, Epilogue epilogue, const OpUse&) override {
    return make_conv2d_onednn(shape, epilogue);
  }
  std::unique_ptr<FullyConnected> make_fully_connected(const FullyConnectedShape& shape, Epilogue epilogue) override {
    return make_fully_connected_onednn(shape, epilogue);
  }
  std::unique_ptr<Activation> make_activation(const ActivationFunction& function, const Shape& shape, DType type) override {
    return make_activation_onednn(function, shape, type);
  }
  std::unique_ptr<Lrn> make_lrn(const LrnShape& shape) override { return make_lrn_onednn(shape); }
  std::unique_ptr<SpatialNorm> make_spatial_norm(const SpatialNormShape& shape) override { return make_spatial_norm_onednn(shape); }
  std::unique_ptr<MaxPool> make_max_pool(const PoolShape& shape) override { return make_max_pool_onednn(shape); }
  std::unique_ptr<AveragePool> make_average_pool(const PoolShape& shape, bool count_pad) override {
    return make_average_pool_onednn(shape, count_pad);
  }
  std::unique_ptr<Dropout> make_dropout(const DropoutShape& shape) override { return make_dropout_onednn(shape); }
  std::unique_ptr<CopyChannels> make_copy_channels(const CopyChannelsShape& shape) override { return make_copy_channels_onednn(shape); }
  std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes) override {
    return make_softmax_cross_entropy_onednn(N, num_classes);
  }
  std::unique_ptr<TopK> make_top_k(std::int64_t N, std::int64_t num_classes, std::int64_t k) override {
    return make_top_k_onednn(N, num_classes, k);
  }
  std::unique_ptr<Sgd> make_sgd(const SgdShape& shape) override { return make_sgd_onednn(shape); }

 private:
  static void copy(void* dst, const void* src, std::size_t bytes) {
    if (bytes > 0) std::memcpy(dst, src, bytes);
  }

  int num_threads_ = 1;
  bool bf16_is_checked_ = false;
};

}  // namespace

std::unique_ptr<Backend> make_backend_onednn(const BackendOptions& options) { return std::make_unique<BackendOnednn>(options); }

}  // namespace alexnet
