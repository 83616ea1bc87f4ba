// What ranks that exchange values need of a GPU.
#pragma once

#include "alexnet/tensor/device_memory.hpp"
#include "ops/device_cuda.hpp"

namespace alexnet {

class DeviceMemoryCuda final : public DeviceMemory {
 public:
  // own_stream: the calls go beside the device's stream of work, by another thread; else into it. device must outlive this.
  DeviceMemoryCuda(const DeviceCuda& device, bool own_stream);
  ~DeviceMemoryCuda() override;
  DeviceMemoryCuda(const DeviceMemoryCuda&) = delete;
  DeviceMemoryCuda& operator=(const DeviceMemoryCuda&) = delete;

  std::string unique_name() const override;
  int device_id() const override { return device_.id(); }
  void* stream() const override { return stream_; }
  void copy(void* dst, const void* src, std::size_t bytes) override;
  void sum(float* dst, std::span<const float* const> srcs, std::size_t count) override;
  void synchronize() override;

 private:
  void choose_device() const;  // of the calling thread

  const DeviceCuda& device_;
  bool owns_stream_;
  cudaStream_t stream_;
};

}  // namespace alexnet
