#include "alexnet/model/device.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

DType activation_type(const std::string& precision) {
  if (precision == "f32") return DType::f32;
  if (precision == "bf16") return DType::bf16;
  fail(ExitCode::unavailable, "device.precision is {}: this build computes in f32 and bf16; set device.precision=f32", precision);
}

std::shared_ptr<Backend> open_device(const DeviceConfig& device) {
  if (device.column_devices != 1) {
    fail(ExitCode::unavailable, "device.column_devices is {}: this build lays both columns over one device; set it to 1",
         device.column_devices);
  }
  const DType type = activation_type(device.precision);
  const std::int64_t id = device.ids.empty() ? 0 : device.ids.front();
  std::shared_ptr<Backend> backend =
      make_backend(device.backend, {static_cast<int>(device.threads.value_or(0)), static_cast<int>(id), device.algorithms == "timed"});
  backend->check_activation_type(type);
  return backend;
}

}  // namespace alexnet
