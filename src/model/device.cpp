#include "alexnet/model/device.hpp"

#include <algorithm>

#include "alexnet/core/error.hpp"

namespace alexnet {

DType activation_type(const std::string& precision) {
  if (precision == "f32") return DType::f32;
  if (precision == "bf16") return DType::bf16;
  fail(ExitCode::unavailable, "device.precision is {}: this build computes in f32 and bf16; set device.precision=f32", precision);
}

std::shared_ptr<Backend> open_device(const DeviceConfig& device, const LocalRank& rank) {
  const DType type = activation_type(device.precision);
  const auto index = static_cast<std::size_t>(rank.index);
  const std::int64_t id = device.ids.empty() ? rank.index : device.ids[index % device.ids.size()];
  const int num_threads = device.threads ? std::max(1, static_cast<int>(*device.threads) / rank.count) : 0;
  std::shared_ptr<Backend> backend = make_backend(device.backend, {num_threads, static_cast<int>(id), rank.count});
  backend->check_activation_type(type);
  return backend;
}

}  // namespace alexnet
