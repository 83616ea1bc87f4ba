// One NVIDIA GPU: opening it, its memory, its one stream of work, and copies from the host through pinned memory.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class DeviceCuda {
 public:
  // `backend`: for its messages. Throws Error(unavailable) when there is no driver, no such device, or no code in this program for it.
  explicit DeviceCuda(int id, std::string_view backend = "cuda");
  ~DeviceCuda();
  DeviceCuda(const DeviceCuda&) = delete;
  DeviceCuda& operator=(const DeviceCuda&) = delete;

  int id() const { return id_; }
  cudaStream_t stream() const { return stream_; }
  const std::string& description() const { return description_; }  // "NVIDIA H200 (device 0, compute capability 9.0), CUDA 13.0"
  std::size_t free_bytes() const;

  // Aligned to 256 bytes. Throws Error(out_of_memory) with `what` it was for.
  Buffer allocate(std::size_t bytes, const std::string& what) const;
  // Returns when `src` may be changed; what the device was given before comes first.
  void copy_to_device(void* dst, const void* src, std::size_t bytes);
  // Returns when `dst` holds the bytes.
  void copy_to_host(void* dst, const void* src, std::size_t bytes) const;
  void zero(void* dst, std::size_t bytes) const;
  // Throws Error(internal) when a kernel failed meanwhile.
  void synchronize() const;
  // Throws Error(internal) "cuda device 0 (NVIDIA H200): what: error".
  void check(cudaError_t error, const char* what) const;

 private:
  // While one half is on its way to the device, the host fills the other.
  struct PinnedHalf {
    std::byte* memory = nullptr;
    cudaEvent_t sent = nullptr;
  };

  int id_;
  std::string name_, description_;
  cudaStream_t stream_ = nullptr;
  std::array<PinnedHalf, 2> pinned_;
  std::size_t next_half_ = 0;
};

}  // namespace alexnet
