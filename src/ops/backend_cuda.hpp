// The GPU backend: our own kernels, and cuBLASLt for fully connected layers, on one stream of one device. Calls return when the work is
// given to the device. A backend that does some ops in another way derives from it.
#pragma once

#include "ops/device_cuda.hpp"
#include "ops/matmul_cuda.hpp"
#include "ops/ops_cuda.hpp"

namespace alexnet {

class BackendCuda : public Backend {
 public:
  explicit BackendCuda(int device_id, std::string_view name = "cuda") : device_(device_id, name), cublaslt_(open_cublaslt()) {}

  std::string_view name() const override { return "cuda"; }
  std::string description() const override { return device_.description(); }
  void check_activation_type(DType type) override;

  Buffer allocate(std::size_t bytes, const std::string& what) override { return device_.allocate(bytes, what); }
  std::optional<std::size_t> free_bytes() const override { return device_.free_bytes(); }
  void copy_to_device(void* dst, const void* src, std::size_t bytes) override { device_.copy_to_device(dst, src, bytes); }
  void copy_to_host(void* dst, const void* src, std::size_t bytes) override { device_.copy_to_host(dst, src, bytes); }
  void zero(void* dst, std::size_t bytes) override { device_.zero(dst, bytes); }
  void add(float* dst, const float* src, std::size_t count) override;
  std::unique_ptr<DeviceMemory> make_device_memory(bool own_queue) override;
  void synchronize() override { device_.synchronize(); }
  std::unique_ptr<Timer> make_timer() override;

  std::unique_ptr<Input> make_input(const InputShape& shape) override { return make_input_cuda(shape, stream()); }
  std::unique_ptr<Conv2d> make_conv2d(const Conv2dShape& shape, Epilogue epilogue, const OpUse&) override {
    return make_conv2d_cuda(shape, epilogue, stream());
  }
  std::unique_ptr<FullyConnected> make_fully_connected(const FullyConnectedShape& shape, Epilogue epilogue) override {
    return make_fully_connected_cuda(shape, epilogue, cublaslt_, stream());
  }
  std::unique_ptr<Activation> make_activation(const ActivationFunction& function, const Shape& shape, DType) override {
    return make_activation_cuda(function, shape, stream());
  }
  std::unique_ptr<Lrn> make_lrn(const LrnShape& shape) override { return make_lrn_cuda(shape, stream()); }
  std::unique_ptr<SpatialNorm> make_spatial_norm(const SpatialNormShape& shape) override { return make_spatial_norm_cuda(shape, stream()); }
  std::unique_ptr<MaxPool> make_max_pool(const PoolShape& shape) override { return make_max_pool_cuda(shape, stream()); }
  std::unique_ptr<AveragePool> make_average_pool(const PoolShape& shape, bool count_pad) override {
    return make_average_pool_cuda(shape, count_pad, stream());
  }
  std::unique_ptr<Dropout> make_dropout(const DropoutShape& shape) override { return make_dropout_cuda(shape, stream()); }
  std::unique_ptr<CopyChannels> make_copy_channels(const CopyChannelsShape& shape) override {
    return make_copy_channels_cuda(shape, stream());
  }
  std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes) override {
    return make_softmax_cross_entropy_cuda(N, num_classes, stream());
  }
  std::unique_ptr<TopK> make_top_k(std::int64_t N, std::int64_t num_classes, std::int64_t k) override {
    return make_top_k_cuda(N, num_classes, k, stream());
  }
  std::unique_ptr<Sgd> make_sgd(const SgdShape& shape) override { return make_sgd_cuda(shape, stream()); }

 protected:
  CudaStream stream() const { return device_.stream(); }

 private:
  DeviceCuda device_;
  std::shared_ptr<CublasLt> cublaslt_;
};

}  // namespace alexnet
