// cuDNN 9 and its backend API, by which a graph of operations is described, engines that can compute it are asked for, and one of them
// becomes a plan that runs. Everything there is a descriptor with attributes; a header of C++ classes around it is not part of cuDNN.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "ops/library_cuda.hpp"

namespace alexnet {

struct Cudnn;

// The API's word for a type of C++.
template <class T>
constexpr cudnnBackendAttributeType_t attribute_type_cudnn() {
  if constexpr (std::is_same_v<T, cudnnHandle_t>) return CUDNN_TYPE_HANDLE;
  if constexpr (std::is_same_v<T, cudnnDataType_t>) return CUDNN_TYPE_DATA_TYPE;
  if constexpr (std::is_same_v<T, bool>) return CUDNN_TYPE_BOOLEAN;
  if constexpr (std::is_same_v<T, std::int64_t>) return CUDNN_TYPE_INT64;
  if constexpr (std::is_same_v<T, float>) return CUDNN_TYPE_FLOAT;
  if constexpr (std::is_same_v<T, void*>) return CUDNN_TYPE_VOID_PTR;
  if constexpr (std::is_same_v<T, cudnnConvolutionMode_t>) return CUDNN_TYPE_CONVOLUTION_MODE;
  if constexpr (std::is_same_v<T, cudnnPointwiseMode_t>) return CUDNN_TYPE_POINTWISE_MODE;
  if constexpr (std::is_same_v<T, cudnnBackendHeurMode_t>) return CUDNN_TYPE_HEUR_MODE;
  if constexpr (std::is_same_v<T, cudnnBackendNumericalNote_t>) return CUDNN_TYPE_NUMERICAL_NOTE;
  if constexpr (std::is_same_v<T, cudnnBackendKnobType_t>) return CUDNN_TYPE_KNOB_TYPE;
}

// A descriptor of the backend API, destroyed with its owner. All throw Error(internal) with what cuDNN says: that is also how it refuses
// what no engine can do. `cudnn` must outlive it.
class DescriptorCudnn {
 public:
  DescriptorCudnn(const Cudnn& cudnn, cudnnBackendDescriptorType_t type);
  ~DescriptorCudnn();
  DescriptorCudnn(DescriptorCudnn&& other) noexcept;
  DescriptorCudnn& operator=(DescriptorCudnn&& other) noexcept;

  template <class T>
  DescriptorCudnn& set(cudnnBackendAttributeName_t name, std::initializer_list<T> values) {
    return set(name, attribute_type_cudnn<T>(), values.size(), values.begin());
  }
  DescriptorCudnn& set(cudnnBackendAttributeName_t name, const DescriptorCudnn& value);
  DescriptorCudnn& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count, const void* values);
  DescriptorCudnn& set(cudnnBackendAttributeName_t name, const std::vector<const DescriptorCudnn*>& values);
  DescriptorCudnn& finalize();

  // At most `most` values of the attribute.
  template <class T>
  std::vector<T> get(cudnnBackendAttributeName_t name, std::size_t most) const {
    std::vector<T> values(most);
    values.resize(get(name, attribute_type_cudnn<T>(), most, values.data()));
    return values;
  }
  // Those that hold other descriptors; `most` of that type are made to be filled.
  std::vector<DescriptorCudnn> get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type, std::size_t most) const;
  // How many there are.
  std::size_t count(cudnnBackendAttributeName_t name) const;

  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  std::size_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t most, void* values) const;

  const Cudnn* cudnn_;
  cudnnBackendDescriptor_t raw_ = nullptr;
};

// The library's functions, by their names without "cudnn", and its state on the device.
struct Cudnn {
  LibraryCuda library;
#define ALEXNET_CUDNN_FUNCTION(name) decltype(&cudnn##name) name = library.function<decltype(&cudnn##name)>("cudnn" #name)
  ALEXNET_CUDNN_FUNCTION(GetVersion);
  ALEXNET_CUDNN_FUNCTION(GetErrorString);
  ALEXNET_CUDNN_FUNCTION(GetLastErrorString);
  ALEXNET_CUDNN_FUNCTION(Create);
  ALEXNET_CUDNN_FUNCTION(Destroy);
  ALEXNET_CUDNN_FUNCTION(SetStream);
  ALEXNET_CUDNN_FUNCTION(BackendCreateDescriptor);
  ALEXNET_CUDNN_FUNCTION(BackendDestroyDescriptor);
  ALEXNET_CUDNN_FUNCTION(BackendSetAttribute);
  ALEXNET_CUDNN_FUNCTION(BackendGetAttribute);
  ALEXNET_CUDNN_FUNCTION(BackendFinalize);
  ALEXNET_CUDNN_FUNCTION(BackendExecute);
#undef ALEXNET_CUDNN_FUNCTION
  cudnnHandle_t handle = nullptr;
  // Without a handle: plans are made for a device that is not there, and cannot run.
  std::optional<DescriptorCudnn> device;

  // Throws Error(unavailable) when the library is missing or of another version.
  Cudnn();
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  std::string version() const;  // "9.19.0"
  // Throws Error(internal) "cuDNN: what: status (its explanation)".
  void check(cudnnStatus_t status, const char* what) const;
};

// The library on the current device, whose work goes to `stream`. Throws Error(unavailable).
std::shared_ptr<const Cudnn> open_cudnn(cudaStream_t stream);
// The library for a device that need not be there, by cuDNN's description of one in JSON.
std::shared_ptr<const Cudnn> open_cudnn_for(const std::string& device_properties);

}  // namespace alexnet
