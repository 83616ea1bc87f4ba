// The model's one device as the host's functions of the CUDA runtime show it: memory from the model, with guard bands and a record of what
// was written; streams that do everything at once; events that keep the time.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"

struct CUstream_st {};
struct CUevent_st {
  std::chrono::steady_clock::time_point recorded;
};

namespace alexnet::emulator {

DeviceState& device_state() {
  static DeviceState state;
  return state;
}

namespace {

std::map<const void*, std::unique_ptr<Buffer>>& allocations() {
  static std::map<const void*, std::unique_ptr<Buffer>> buffers;
  return buffers;
}

std::size_t allocated_bytes() {
  std::size_t bytes = 0;
  for (const auto& [address, buffer] : allocations()) bytes += buffer->bytes();
  return bytes;
}

// Whether [memory, memory + bytes) lies in memory of the device.
bool is_device_memory(const void* memory, std::size_t bytes) {
  auto after = allocations().upper_bound(memory);
  if (after == allocations().begin()) return false;
  const auto& [begin, buffer] = *--after;
  return static_cast<const std::byte*>(memory) + bytes <= static_cast<const std::byte*>(begin) + buffer->bytes();
}

}  // namespace
}  // namespace alexnet::emulator

using namespace alexnet::emulator;  // NOLINT(google-build-using-namespace): what follows are CUDA's own names

cudaError_t cudaDriverGetVersion(int* version) {
  *version = device_state().driver_version;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (device_state().driver_version < CUDART_VERSION) return cudaErrorInsufficientDriver;
  *count = device_state().num_devices;
  return *count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  properties->uuid = {};
  properties->uuid.bytes[15] = static_cast<char>(device);
  std::strcpy(properties->name, "execution model");
  properties->major = 8;
  properties->minor = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int) { return device_state().is_taken ? cudaErrorDevicesUnavailable : cudaSuccess; }
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) {
  return device_state().has_code ? cudaSuccess : cudaErrorNoKernelImageForDevice;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = device_state().memory_bytes;
  *free = *total - allocated_bytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (bytes > device_state().memory_bytes - allocated_bytes()) return cudaErrorMemoryAllocation;
  static int count = 0;
  auto buffer = std::make_unique<Buffer>(fmt::format("allocation {}", ++count), bytes);
  *memory = buffer->data();
  allocations().emplace(*memory, std::move(buffer));
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) { return allocations().erase(memory) == 1 ? cudaSuccess : cudaErrorInvalidValue; }

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
  if ((to_device && !is_device_memory(dst, bytes)) || (from_device && !is_device_memory(src, bytes))) return cudaErrorInvalidValue;
  if (from_device) check_written(src, bytes);
  std::memcpy(dst, src, bytes);
  if (to_device) mark_written(dst, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* dst, int value, std::size_t bytes, cudaStream_t) {
  if (!is_device_memory(dst, bytes)) return cudaErrorInvalidValue;
  std::memset(dst, value, bytes);
  mark_written(dst, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  const std::chrono::duration<double, std::milli> ahead(device_state().clock_ms);
  event->recorded = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(ahead);
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  *ms = std::chrono::duration<float, std::milli>(end->recorded - begin->recorded).count();
  return cudaSuccess;
}
