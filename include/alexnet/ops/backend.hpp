// A backend makes ops for one kind of device and owns that device's memory and threads. model/ and train/ know only this interface.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alexnet/core/geometry.hpp"
#include "alexnet/ops/activation.hpp"
#include "alexnet/ops/conv2d.hpp"
#include "alexnet/ops/copy_channels.hpp"
#include "alexnet/ops/dropout.hpp"
#include "alexnet/ops/fully_connected.hpp"
#include "alexnet/ops/input.hpp"
#include "alexnet/ops/lrn.hpp"
#include "alexnet/ops/pool.hpp"
#include "alexnet/ops/sgd.hpp"
#include "alexnet/ops/softmax_cross_entropy.hpp"
#include "alexnet/ops/spatial_norm.hpp"
#include "alexnet/ops/top_k.hpp"
#include "alexnet/tensor/device_memory.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

// Measures how long the device works on what it is given between start and stop.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual void start() = 0;
  virtual double stop_s() = 0;  // waits for the device
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;    // "onednn"
  virtual std::string description() const = 0;  // "oneDNN 2.6.3 on AMD EPYC, 2 threads"
  // Throws Error(unavailable) when activations cannot be stored in that type; says once in the log how bf16 is computed.
  virtual void check_activation_type(DType type) = 0;

  // The device's memory. Copies go through the backend; `synchronize` waits for everything given to the device.
  virtual Buffer allocate(std::size_t bytes, const std::string& what) = 0;
  virtual std::optional<std::size_t> free_bytes() const = 0;  // absent: not known before it is used (host memory)
  virtual void copy_to_device(void* dst, const void* src, std::size_t bytes) = 0;
  virtual void copy_to_host(void* dst, const void* src, std::size_t bytes) = 0;
  virtual void zero(void* dst, std::size_t bytes) = 0;
  virtual void add(float* dst, const float* src, std::size_t count) = 0;  // dst <- dst + src; aligned like `allocate`
  virtual void synchronize() = 0;
  // For ranks that exchange values; nullptr: the memory is the host's. own_queue: for a thread beside the one that computes, else in the
  // order of the ops. The backend must outlive it.
  virtual std::unique_ptr<DeviceMemory> make_device_memory(bool /*own_queue*/) { return nullptr; }
  virtual std::unique_ptr<Timer> make_timer() = 0;

  virtual std::unique_ptr<Input> make_input(const InputShape& shape) = 0;
  virtual std::unique_ptr<Conv2d> make_conv2d(const Conv2dShape& shape, Epilogue epilogue, const OpUse& use = {}) = 0;
  virtual std::unique_ptr<FullyConnected> make_fully_connected(const FullyConnectedShape& shape, Epilogue epilogue) = 0;
  virtual std::unique_ptr<Activation> make_activation(const ActivationFunction& function, const Shape& shape, DType type = DType::f32) = 0;
  virtual std::unique_ptr<Lrn> make_lrn(const LrnShape& shape) = 0;
  virtual std::unique_ptr<SpatialNorm> make_spatial_norm(const SpatialNormShape& shape) = 0;
  virtual std::unique_ptr<MaxPool> make_max_pool(const PoolShape& shape) = 0;
  virtual std::unique_ptr<AveragePool> make_average_pool(const PoolShape& shape, bool count_pad) = 0;
  virtual std::unique_ptr<Dropout> make_dropout(const DropoutShape& shape) = 0;
  virtual std::unique_ptr<CopyChannels> make_copy_channels(const CopyChannelsShape& shape) = 0;
  virtual std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes) = 0;
  virtual std::unique_ptr<TopK> make_top_k(std::int64_t N, std::int64_t num_classes, std::int64_t k) = 0;
  virtual std::unique_ptr<Sgd> make_sgd(const SgdShape& shape) = 0;
};

struct BackendOptions {
  int num_threads = 0;  // of the CPU; 0: the cores that this process may use (OMP_NUM_THREADS, affinity)
  int device_id = 0;    // of the GPU
  int num_sharing = 1;  // ranks, this one with them, that share the cores; num_threads 0 is then this one's part of them
  // Where there is a choice of algorithms: the fastest of a few, by a measurement; or the one that is expected to be.
  bool times_algorithms = true;
};

// "auto | onednn | cuda | cudnn" -> a backend. Throws Error(unavailable) for one that this build or this machine does not have,
// Error(configuration) for another name or an impossible number of threads.
std::unique_ptr<Backend> make_backend(const std::string& name, const BackendOptions& options);

// The backends that this build has, for --version.
std::vector<std::string> built_backends();

}  // namespace alexnet
