// The model's devices as the host's functions of the CUDA runtime show them: memory from the model, with guard bands and a record of what
// was written; streams that do everything at once (but see streams.hpp); events that keep the time. The devices differ in nothing but
// whose memory and streams are whose.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"
#include "emulator/streams.hpp"

struct CUstream_st {
  int device;
  std::deque<std::function<bool()>> work = {};
};
struct CUevent_st {
  double recorded_ms = 0;
};

namespace alexnet::emulator {

DeviceState& device_state() {
  static DeviceState state;
  return state;
}

namespace {

constinit thread_local int current_device = 0;

struct Allocation {
  std::unique_ptr<Buffer> buffer;
  int device;
};
// The machine's mutex is held by those who call this.
std::map<const void*, Allocation>& allocations() {
  static std::map<const void*, Allocation> made;
  return made;
}

std::size_t allocated_bytes() {
  std::size_t bytes = 0;
  for (const auto& [address, allocation] : allocations()) bytes += allocation.device == current_device ? allocation.buffer->bytes() : 0;
  return bytes;
}

// That of which [memory, memory + bytes) is a part; nullptr for none.
const Allocation* find_allocation(const void* memory, std::size_t bytes) {
  auto after = allocations().upper_bound(memory);
  if (after == allocations().begin()) return nullptr;
  const auto& [begin, allocation] = *--after;
  const bool holds = static_cast<const std::byte*>(memory) + bytes <= static_cast<const std::byte*>(begin) + allocation.buffer->bytes();
  return holds ? &allocation : nullptr;
}

// A stream is asked by one thread at a time.
bool is_idle(CUstream_st& stream) {
  while (!stream.work.empty() && stream.work.front()()) stream.work.pop_front();
  return stream.work.empty();
}

void finish(cudaStream_t stream) {
  while (stream != nullptr && !is_idle(*stream)) std::this_thread::yield();
}

}  // namespace

void give_work(cudaStream_t stream, std::function<bool()> work) { stream->work.push_back(std::move(work)); }
int device_of(cudaStream_t stream) { return stream->device; }

cudaError_t begin_in(cudaStream_t stream) {
  if (stream != nullptr && stream->device != current_device) return cudaErrorInvalidResourceHandle;
  finish(stream);
  return cudaSuccess;
}

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

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= device_state().num_devices) return cudaErrorInvalidDevice;
  if (device_state().is_taken) return cudaErrorDevicesUnavailable;
  current_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) {
  return device_state().has_code ? cudaSuccess : cudaErrorNoKernelImageForDevice;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(machine_mutex());
  *total = device_state().memory_bytes;
  *free = *total - allocated_bytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const std::lock_guard lock(machine_mutex());
  if (bytes > device_state().memory_bytes - allocated_bytes()) return cudaErrorMemoryAllocation;
  static int count = 0;
  auto buffer = std::make_unique<Buffer>(fmt::format("allocation {}", ++count), bytes);
  *memory = buffer->data();
  allocations().emplace(*memory, Allocation{std::move(buffer), current_device});
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  const std::lock_guard lock(machine_mutex());
  return allocations().erase(memory) == 1 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* memory) {
  const std::lock_guard lock(machine_mutex());
  const Allocation* allocation = find_allocation(memory, 1);
  *attributes = allocation == nullptr ? cudaPointerAttributes{cudaMemoryTypeUnregistered, -1}
                                      : cudaPointerAttributes{cudaMemoryTypeDevice, allocation->device};
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  finish(stream);
  const std::lock_guard lock(machine_mutex());
  const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
  if ((to_device && find_allocation(dst, bytes) == nullptr) || (from_device && find_allocation(src, bytes) == nullptr))
    return cudaErrorInvalidValue;
  if (from_device) check_written(src, bytes);
  std::memcpy(dst, src, bytes);
  if (to_device) mark_written(dst, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* dst, int value, std::size_t bytes, cudaStream_t stream) {
  finish(stream);
  const std::lock_guard lock(machine_mutex());
  if (find_allocation(dst, bytes) == nullptr) return cudaErrorInvalidValue;
  std::memset(dst, value, bytes);
  mark_written(dst, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st{current_device};
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  finish(stream);
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) { return is_idle(*stream) ? cudaSuccess : cudaErrorNotReady; }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  finish(stream);
  const std::lock_guard lock(machine_mutex());
  event->recorded_ms = device_state().clock_ms;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  *ms = static_cast<float>(end->recorded_ms - begin->recorded_ms);
  return cudaSuccess;
}
