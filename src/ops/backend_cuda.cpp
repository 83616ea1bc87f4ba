#include "ops/backend_cuda.hpp"

#include "alexnet/core/error.hpp"
#include "kernels/sum.hpp"
#include "ops/device_memory_cuda.hpp"

namespace alexnet {
namespace {

class TimerCuda final : public Timer {
 public:
  explicit TimerCuda(const DeviceCuda& device) : device_(device) {
    for (cudaEvent_t* event : {&begin_, &end_}) device_.check(cudaEventCreate(event), "making an event");
  }
  ~TimerCuda() override {
    for (const cudaEvent_t event : {begin_, end_}) {
      if (event != nullptr) cudaEventDestroy(event);
    }
  }

  void start() override { device_.check(cudaEventRecord(begin_, device_.stream()), "recording an event"); }
  double stop_s() override {
    device_.check(cudaEventRecord(end_, device_.stream()), "recording an event");
    device_.synchronize();
    float ms = 0;
    device_.check(cudaEventElapsedTime(&ms, begin_, end_), "timing");
    return 1e-3 * static_cast<double>(ms);
  }

 private:
  const DeviceCuda& device_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

}  // namespace

void BackendCuda::check_activation_type(DType type) {
  if (type == DType::f32) return;
  fail(ExitCode::unavailable, "device.precision is {}: the {} backend computes in f32; set device.precision=f32", dtype_name(type), name());
}

void BackendCuda::add(float* dst, const float* src, std::size_t count) {
  const float* srcs[] = {dst, src};
  sum(srcs, static_cast<std::int64_t>(count), dst, stream());
}

std::unique_ptr<DeviceMemory> BackendCuda::make_device_memory(bool own_queue) {
  return std::make_unique<DeviceMemoryCuda>(device_, own_queue);
}

std::unique_ptr<Timer> BackendCuda::make_timer() { return std::make_unique<TimerCuda>(device_); }

std::unique_ptr<Backend> make_backend_cuda(const BackendOptions& options) { return std::make_unique<BackendCuda>(options.device_id); }

}  // namespace alexnet
