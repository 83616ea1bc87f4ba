// The backend of a config's `device` section.
#pragma once

#include <memory>

#include "alexnet/config/config.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet {

// How activations are stored with device.precision "f32" or "bf16". Throws Error(unavailable) for another.
DType activation_type(const std::string& precision);

// Throws Error(unavailable) for a backend, precision or number of devices that this build or this machine does not have.
std::shared_ptr<Backend> open_device(const DeviceConfig& device);

}  // namespace alexnet
