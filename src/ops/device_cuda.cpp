#include "ops/device_cuda.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "kernels/common/device_code.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kPinnedBytes = std::size_t{8} << 20;  // of each half
// The driver takes smaller copies into memory of its own at once.
constexpr std::size_t kSmallCopyBytes = std::size_t{64} << 10;

double in_gib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

std::string version_name(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

// Why there is no device, for people.
std::string why_no_device(cudaError_t error) {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) return "no NVIDIA driver is loaded";
  if (error == cudaErrorInsufficientDriver)
    return fmt::format("the driver supports CUDA {}, this program needs {}: update the driver", version_name(driver),
                       version_name(CUDART_VERSION));
  if (error == cudaErrorNoDevice) return "the driver finds none; is CUDA_VISIBLE_DEVICES set?";
  return cudaGetErrorString(error);
}

}  // namespace

DeviceCuda::DeviceCuda(int id, std::string_view backend) : id_(id) {
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0)
    fail(ExitCode::unavailable, "backend {}: no device ({})", backend, why_no_device(error == cudaSuccess ? cudaErrorNoDevice : error));
  if (id < 0 || id >= count)
    fail(ExitCode::unavailable, "backend {}: no device {}: there {}; choose others in device.ids, for two ranks on one device [0, 0]",
         backend, id, count == 1 ? "is one, 0" : fmt::format("are {}, 0 to {}", count, count - 1));
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, id), "its properties");
  name_ = properties.name;
  const std::string full_name = fmt::format("{} (device {}, compute capability {}.{})", name_, id, properties.major, properties.minor);
  if (const cudaError_t error = cudaSetDevice(id); error != cudaSuccess)  // another program may hold it for itself, or all its memory
    fail(ExitCode::unavailable, "backend {}: {} cannot be opened: {}; nvidia-smi lists who uses it", backend, full_name,
         cudaGetErrorString(error));
  if (const cudaError_t error = find_device_code(); error != cudaSuccess)
    fail(ExitCode::unavailable, "backend {}: this program holds no code for {}: build it with -DCMAKE_CUDA_ARCHITECTURES={}{} ({})",
         backend, full_name, properties.major, properties.minor, cudaGetErrorString(error));
  description_ = fmt::format("{}, CUDA {}", full_name, version_name(CUDART_VERSION));
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  for (PinnedHalf& half : pinned_) {
    check(cudaMallocHost(reinterpret_cast<void**>(&half.memory), kPinnedBytes), "pinning host memory");
    check(cudaEventCreateWithFlags(&half.sent, cudaEventDisableTiming), "making an event");
  }
}

DeviceCuda::~DeviceCuda() {
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);  // a copy may still read the pinned memory
  for (const PinnedHalf& half : pinned_) {
    if (half.sent != nullptr) cudaEventDestroy(half.sent);
    if (half.memory != nullptr) cudaFreeHost(half.memory);
  }
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void DeviceCuda::check(cudaError_t error, const char* what) const {
  if (error != cudaSuccess) fail(ExitCode::internal, "cuda device {} ({}): {}: {}", id_, name_, what, cudaGetErrorString(error));
}

std::size_t DeviceCuda::free_bytes() const {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for its free memory");
  return free;
}

Buffer DeviceCuda::allocate(std::size_t bytes, const std::string& what) const {
  if (bytes == 0) return Buffer::adopt(nullptr, 0);
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation)
    fail(ExitCode::out_of_memory, "{}: {:.2f} GiB are not to be had on cuda device {} ({}): {:.2f} GiB are free", what, in_gib(bytes), id_,
         name_, in_gib(free_bytes()));
  check(error, "allocating memory");
  const auto release = [](std::byte* p) {
    if (const cudaError_t failed = cudaFree(p); failed != cudaSuccess) log::warning("cudaFree: {}", cudaGetErrorString(failed));
  };
  return Buffer::adopt(std::shared_ptr<std::byte>(static_cast<std::byte*>(memory), release), bytes);
}

void DeviceCuda::copy_to_device(void* dst, const void* src, std::size_t bytes) {
  if (bytes <= kSmallCopyBytes) {
    check(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, stream_), "copying to it");
    return;
  }
  for (std::size_t at = 0; at < bytes; at += kPinnedBytes) {
    const std::size_t part = std::min(kPinnedBytes, bytes - at);
    const PinnedHalf& half = pinned_[next_half_];
    next_half_ = 1 - next_half_;
    check(cudaEventSynchronize(half.sent), "waiting for a copy to it");
    std::memcpy(half.memory, static_cast<const std::byte*>(src) + at, part);
    check(cudaMemcpyAsync(static_cast<std::byte*>(dst) + at, half.memory, part, cudaMemcpyHostToDevice, stream_), "copying to it");
    check(cudaEventRecord(half.sent, stream_), "recording an event");
  }
}

void DeviceCuda::copy_to_host(void* dst, const void* src, std::size_t bytes) const {
  check(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream_), "copying from it");
  synchronize();
}

void DeviceCuda::zero(void* dst, std::size_t bytes) const { check(cudaMemsetAsync(dst, 0, bytes, stream_), "zeroing memory"); }

void DeviceCuda::synchronize() const {
  check(cudaStreamSynchronize(stream_), "work given to it failed (CUDA_LAUNCH_BLOCKING=1 names the kernel, compute-sanitizer its line)");
}

}  // namespace alexnet
