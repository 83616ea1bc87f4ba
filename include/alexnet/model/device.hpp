// The backend of a config's `device` section.
#pragma once

#include <memory>

#include "alexnet/config/config.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet {

// How activations are stored with device.precision "f32" or "bf16". Throws Error(unavailable) for another.
DType activation_type(const std::string& precision);

// A rank's place among the ranks of its process, which share its cores.
struct LocalRank {
  int index = 0, count = 1;
};

// Device number rank.index of device.ids (of the machine, if that is empty), with the rank's part of device.threads. Throws
// Error(unavailable) for a backend or precision that this build or this machine does not have.
std::shared_ptr<Backend> open_device(const DeviceConfig& device, const LocalRank& rank = {});

}  // namespace alexnet
