#include "ops/device_memory_cuda.hpp"

#include <fmt/format.h>

#include "alexnet/core/error.hpp"
#include "kernels/sum.hpp"

namespace alexnet {

DeviceMemoryCuda::DeviceMemoryCuda(const DeviceCuda& device, bool own_stream)
    : device_(device), owns_stream_(own_stream), stream_(device.stream()) {
  if (owns_stream_) device_.check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
}

DeviceMemoryCuda::~DeviceMemoryCuda() {
  if (owns_stream_) cudaStreamDestroy(stream_);
}

std::string DeviceMemoryCuda::unique_name() const {
  cudaDeviceProp properties{};
  device_.check(cudaGetDeviceProperties(&properties, device_.id()), "its properties");
  std::string name = "GPU-";
  for (const char byte : properties.uuid.bytes) name += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return name;
}

void DeviceMemoryCuda::choose_device() const { device_.check(cudaSetDevice(device_.id()), "choosing it"); }

void DeviceMemoryCuda::copy(void* dst, const void* src, std::size_t bytes) {
  choose_device();
  device_.check(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToDevice, stream_), "copying in its memory");
}

void DeviceMemoryCuda::sum(float* dst, std::span<const float* const> srcs, std::size_t count) {
  if (srcs.empty() || srcs.size() > static_cast<std::size_t>(kMostSummands))
    fail(ExitCode::internal, "{} pieces of device memory to be added; 1 to {} are possible", srcs.size(), kMostSummands);
  if (count == 0) return;
  choose_device();
  alexnet::sum(srcs, static_cast<std::int64_t>(count), dst, stream_);
}

void DeviceMemoryCuda::synchronize() { device_.check(cudaStreamSynchronize(stream_), "an exchange of ranks"); }

}  // namespace alexnet
