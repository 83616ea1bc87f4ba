// The execution model that runs CUDA kernels on the host, as a test sees it.
//
// kernels/*.cu are compiled a second time by the host compiler against the header in cuda/. A block's threads are fibers: one runs until
// it waits (barrier, warp operation) or ends, then a random other one goes on; blocks run one after another in random order. The
// kernels are compiled with -fsanitize=thread but linked with our own __tsan_* functions (access.cpp), so that every load and store of
// the unmodified kernel is checked before it happens. The first error ends the launch with a KernelFault.
//
// What is checked is told in shadow.hpp; what is counted, in profile.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace alexnet::emulator {

// What a kernel did wrong, in one line: kernel, what, memory by name, FILE:LINE, thread and block.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  std::uint64_t seed = 1;                       // of the order of threads and blocks
  std::size_t shared_limit_bytes = 163 * 1024;  // of a block, with the attribute that allows more than 48 KiB: sm_80's
};
Options& options();

// What the functions of the host say of the device.
struct DeviceState {
  int driver_version = 13000, num_devices = 1;
  bool has_code = true, is_taken = false;  // taken: another program holds the device for itself
  std::size_t memory_bytes = std::size_t{512} << 20;
  double clock_ms = 0;  // of the device, the same in every run: a nanosecond for each thread of a kernel, and what others pretend to take
};
DeviceState& device_state();

// Memory of the device between guard bands. An address is never given out twice while the process holds any buffer.
class Buffer {
 public:
  Buffer(std::string name, std::size_t bytes);  // not initialised
  ~Buffer() { free(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void free();  // as cudaFree: a kernel that touches it from now on is wrong
  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  void upload(const void* src);
  void download(void* dst) const;  // throws KernelFault that names the first byte that nobody wrote

 private:
  std::byte* data_;
  std::size_t bytes_;
};

template <class T>
class DeviceArray {
 public:
  DeviceArray(std::string name, std::size_t count) : buffer_(std::move(name), count * sizeof(T)) {}
  DeviceArray(std::string name, const std::vector<T>& values) : DeviceArray(std::move(name), values.size()) {
    buffer_.upload(values.data());
  }
  T* data() const { return reinterpret_cast<T*>(buffer_.data()); }
  std::vector<T> values() const {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> result(buffer_.bytes() / sizeof(T));
    buffer_.download(result.data());
    return result;
  }
  void free() { buffer_.free(); }

 private:
  Buffer buffer_;
};

}  // namespace alexnet::emulator
