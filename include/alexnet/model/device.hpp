// The ranks and the backend of a config's `device` section.
#pragma once

#include <memory>

#include "alexnet/config/config.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet {

// How activations are stored with device.precision "f32" or "bf16". Throws Error(unavailable) for another.
DType activation_type(const std::string& precision);

// The ranks of a run: each owns one device. Ranks 0 to columns - 1 are the columns of replica 0, and so on.
struct RankLayout {
  int columns = 1, replicas = 1;
  int num_ranks() const { return columns * replicas; }
  int column_of(int rank) const { return rank % columns; }
  int replica_of(int rank) const { return rank / columns; }
};

// num_launched: the processes that mpirun or srun started; 1: not started by them. Throws Error(configuration) when column_devices,
// replicas, ids and num_launched do not fit each other.
RankLayout rank_layout(const DeviceConfig& device, int num_launched);

// Where a rank stands among those of its host.
struct RankPlace {
  int index = 0;        // which of its devices it takes, or of device.ids
  int num_on_host = 1;  // ranks
  int num_sharing = 1;  // of these, those that may run on the same cores
};

// Throws Error(unavailable) for a backend or precision that this build or this machine does not have, and Error(configuration) when
// device.ids names no device for this place.
std::shared_ptr<Backend> open_device(const DeviceConfig& device, const RankPlace& place = {});

}  // namespace alexnet
