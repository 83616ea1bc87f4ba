// What ranks that exchange values need of a device other than the CPU: moving and adding in its memory. A backend of such a device has one.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace alexnet {

class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  // The same for two ranks that share a device, different for any two devices of a run, on whatever machine: "GPU-5ab3...", a UUID.
  virtual std::string unique_name() const = 0;
  virtual int device_id() const = 0;  // as CUDA counts
  // The queue that the values are computed in and the calls below go to: a cudaStream_t.
  virtual void* stream() const = 0;

  virtual void copy(void* dst, const void* src, std::size_t bytes) = 0;
  // dst[i] = srcs[0][i] + srcs[1][i] + ..., added in this order; dst may be one of srcs. The memory of other ranks of this process may
  // be among them.
  virtual void sum(float* dst, std::span<const float* const> srcs, std::size_t count) = 0;
  virtual void synchronize() = 0;  // waits for all that was given to the device
};

}  // namespace alexnet
