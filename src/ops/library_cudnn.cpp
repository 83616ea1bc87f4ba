#include "ops/library_cudnn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

constexpr const char* kLibrary = "libcudnn.so.9";
constexpr const char* kFolderVariable = "ALEXNET_CUDNN_FOLDER";

// Where the user says, and nowhere else; or the usual places, and where it was when the program was built.
std::vector<std::string> folders() {
  if (const char* folder = std::getenv(kFolderVariable)) return {folder};
  return {"", ALEXNET_CUDNN_FOLDER};
}

}  // namespace

Cudnn::Cudnn()
    : library("cudnn", kLibrary, folders(),
              fmt::format("install cuDNN 9 for CUDA 13, or name its folder in {} or LD_LIBRARY_PATH", kFolderVariable)) {
  if (GetVersion() / 10000 != CUDNN_MAJOR)
    fail(ExitCode::unavailable, "backend cudnn: {} is cuDNN {}, this program needs version {}; name another folder in {}", kLibrary,
         version(), CUDNN_MAJOR, kFolderVariable);
}

Cudnn::~Cudnn() {
  device.reset();
  if (handle != nullptr) Destroy(handle);
}

std::string Cudnn::version() const {
  const std::size_t number = GetVersion();  // 8 and older counted in thousands
  const std::size_t major = number >= 10000 ? number / 10000 : number / 1000;
  return number >= 10000 ? fmt::format("{}.{}.{}", major, number / 100 % 100, number % 100)
                         : fmt::format("{}.{}.{}", major, number / 100 % 10, number % 100);
}

void Cudnn::check(cudnnStatus_t status, const char* what) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 1024> explanation{};
  GetLastErrorString(explanation.data(), explanation.size() - 1);
  std::ranges::replace(explanation, '\n', ' ');
  fail(ExitCode::internal, "cuDNN: {}: {} ({})", what, GetErrorString(status), explanation.data());
}

std::shared_ptr<const Cudnn> open_cudnn(cudaStream_t stream) {
  auto cudnn = std::make_shared<Cudnn>();
  if (const cudnnStatus_t status = cudnn->Create(&cudnn->handle); status != CUDNN_STATUS_SUCCESS)
    fail(ExitCode::unavailable, "backend cudnn: cuDNN {} does not start: {}", cudnn->version(), cudnn->GetErrorString(status));
  cudnn->check(cudnn->SetStream(cudnn->handle, stream), "its stream");
  return cudnn;
}

std::shared_ptr<const Cudnn> open_cudnn_for(const std::string& device_properties) {
  auto cudnn = std::make_shared<Cudnn>();
  DescriptorCudnn device(*cudnn, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, device_properties.size() + 1, device_properties.c_str());
  cudnn->device = std::move(device.finalize());
  return cudnn;
}

DescriptorCudnn::DescriptorCudnn(const Cudnn& cudnn, cudnnBackendDescriptorType_t type) : cudnn_(&cudnn) {
  cudnn.check(cudnn.BackendCreateDescriptor(type, &raw_), "making a descriptor");
}
DescriptorCudnn::~DescriptorCudnn() {
  if (raw_ != nullptr) cudnn_->BackendDestroyDescriptor(raw_);
}
DescriptorCudnn::DescriptorCudnn(DescriptorCudnn&& other) noexcept : cudnn_(other.cudnn_), raw_(std::exchange(other.raw_, nullptr)) {}
DescriptorCudnn& DescriptorCudnn::operator=(DescriptorCudnn&& other) noexcept {
  std::swap(cudnn_, other.cudnn_);
  std::swap(raw_, other.raw_);
  return *this;
}

DescriptorCudnn& DescriptorCudnn::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                                      const void* values) {
  cudnn_->check(cudnn_->BackendSetAttribute(raw_, name, type, static_cast<std::int64_t>(count), values), "setting an attribute");
  return *this;
}
DescriptorCudnn& DescriptorCudnn::set(cudnnBackendAttributeName_t name, const DescriptorCudnn& value) {
  return set(name, std::vector{&value});
}
DescriptorCudnn& DescriptorCudnn::set(cudnnBackendAttributeName_t name, const std::vector<const DescriptorCudnn*>& values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const DescriptorCudnn* value : values) raw.push_back(value->raw());
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.size(), raw.data());
}
DescriptorCudnn& DescriptorCudnn::finalize() {
  cudnn_->check(cudnn_->BackendFinalize(raw_), "a descriptor");
  return *this;
}

std::size_t DescriptorCudnn::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t most, void* values) const {
  std::int64_t count = 0;
  cudnn_->check(cudnn_->BackendGetAttribute(raw_, name, type, static_cast<std::int64_t>(most), &count, values), "reading an attribute");
  return std::min(static_cast<std::size_t>(count), most);
}
std::vector<DescriptorCudnn> DescriptorCudnn::get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                                  std::size_t most) const {
  std::vector<DescriptorCudnn> descriptors;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::size_t i = 0; i < most; ++i) raw.push_back(descriptors.emplace_back(*cudnn_, type).raw());
  descriptors.erase(descriptors.begin() + static_cast<std::ptrdiff_t>(get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data())),
                    descriptors.end());
  return descriptors;
}
std::size_t DescriptorCudnn::count(cudnnBackendAttributeName_t name) const {
  std::int64_t count = 0;
  cudnn_->check(cudnn_->BackendGetAttribute(raw_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr), "counting");
  return static_cast<std::size_t>(count);
}

}  // namespace alexnet
