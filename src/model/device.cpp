#include "alexnet/model/device.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

std::shared_ptr<Backend> open_device(const DeviceConfig& device) {
  if (device.column_devices != 1) {
    fail(ExitCode::unavailable, "device.column_devices is {}: this build lays both columns over one device; set it to 1",
         device.column_devices);
  }
  if (device.precision != "f32") {
    fail(ExitCode::unavailable, "device.precision is {}: this build computes in f32; set device.precision=f32", device.precision);
  }
  const std::int64_t id = device.ids.empty() ? 0 : device.ids.front();
  return make_backend(device.backend, {static_cast<int>(device.threads.value_or(0)), static_cast<int>(id)});
}

}  // namespace alexnet
