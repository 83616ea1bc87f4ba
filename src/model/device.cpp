#include "alexnet/model/device.hpp"

#include "alexnet/core/error.hpp"

namespace alexnet {

DType activation_type(const std::string& precision) {
  if (precision == "f32") return DType::f32;
  if (precision == "bf16") return DType::bf16;
  fail(ExitCode::unavailable, "device.precision is {}: this build computes in f32 and bf16; set device.precision=f32", precision);
}

RankLayout rank_layout(const DeviceConfig& device, int num_launched) {
  const auto columns = static_cast<int>(device.column_devices), num_ids = static_cast<int>(device.ids.size());
  RankLayout layout{columns, static_cast<int>(device.replicas.value_or(1))};
  if (num_launched > 1) {
    if (num_launched % columns != 0) {
      fail(ExitCode::configuration,
           "device.column_devices is {}, but {} ranks were started, which {} does not divide: start another number of them, or set "
           "device.column_devices=1",
           columns, num_launched, columns);
    }
    if (device.replicas && layout.num_ranks() != num_launched) {
      fail(ExitCode::configuration,
           "device.replicas is {} and device.column_devices {}, which makes {} ranks, but {} were started: start {}, or set "
           "device.replicas=auto",
           layout.replicas, columns, layout.num_ranks(), num_launched, layout.num_ranks());
    }
    layout.replicas = num_launched / columns;
    return layout;
  }
  if (!device.replicas && num_ids > 0) layout.replicas = std::max(1, num_ids / columns);
  if (num_ids > 0 && layout.num_ranks() != num_ids) {
    fail(ExitCode::configuration, "device.ids names {} device{}, but {} replica{} of {} column device{} need {}: name one for each",
         num_ids, num_ids == 1 ? "" : "s", layout.replicas, layout.replicas == 1 ? "" : "s", columns, columns == 1 ? "" : "s",
         layout.num_ranks());
  }
  return layout;
}

std::shared_ptr<Backend> open_device(const DeviceConfig& device, const RankPlace& place) {
  const DType type = activation_type(device.precision);
  const auto index = static_cast<std::size_t>(place.index);
  if (!device.ids.empty() && index >= device.ids.size()) {
    fail(ExitCode::configuration,
         "device.ids names {} device{}, but {} ranks run on this host: name one for each, the same one twice if need be", device.ids.size(),
         device.ids.size() == 1 ? "" : "s", place.num_on_host);
  }
  const auto id = static_cast<int>(device.ids.empty() ? place.index : device.ids[index]);
  std::shared_ptr<Backend> backend =
      make_backend(device.backend, {static_cast<int>(device.threads.value_or(0)), id, place.num_sharing, device.algorithms == "timed"});
  backend->check_activation_type(type);
  return backend;
}

}  // namespace alexnet
