// Exchanges of ranks in a GPU's memory, under the execution model.
#include "ops/device_memory_cuda.hpp"

#include <gtest/gtest.h>

#include "emulator/emulator.hpp"
#include "kernels/sum.hpp"
#include "support/expect_error.hpp"

namespace alexnet::test {
namespace {

TEST(DeviceMemoryCuda, CopiesAndAdds) {
  DeviceCuda device(0);
  const std::vector<float> a = {1, 2, 3}, b = {10, 20, 30};
  const std::size_t bytes = a.size() * sizeof(float);
  const Buffer x = device.allocate(bytes, "x"), y = device.allocate(bytes, "y"), z = device.allocate(bytes, "z");
  device.copy_to_device(x.data(), a.data(), bytes);
  device.copy_to_device(y.data(), b.data(), bytes);
  for (const bool own_stream : {false, true}) {
    DeviceMemoryCuda memory(device, own_stream);
    EXPECT_EQ(memory.unique_name(), "GPU-00000000000000000000000000000000");
    EXPECT_EQ(memory.stream() == device.stream(), !own_stream);
    memory.copy(z.data(), y.data(), bytes);
    const float* srcs[] = {reinterpret_cast<const float*>(x.data()), reinterpret_cast<const float*>(z.data())};
    memory.sum(reinterpret_cast<float*>(z.data()), srcs, a.size());
    memory.synchronize();
    std::vector<float> sum(a.size());
    device.copy_to_host(sum.data(), z.data(), bytes);
    EXPECT_EQ(sum, (std::vector<float>{11, 22, 33}));
    const std::vector<const float*> many(65, srcs[0]);
    expect_error(ExitCode::internal, {"65 pieces of device memory", "1 to 64"},
                 [&] { memory.sum(reinterpret_cast<float*>(z.data()), many, a.size()); });
  }
}

// A thread that serves several devices has another current one.
TEST(DeviceMemoryCuda, ChoosesTheDeviceOfItsQueue) {
  emulator::device_state().num_devices = 2;
  {
    DeviceCuda device(1);
    DeviceMemoryCuda memory(device, true);
    EXPECT_EQ(memory.unique_name(), "GPU-00000000000000000000000000000001");
    const std::vector<float> values = {1, 2, 3};
    const Buffer x = device.allocate(3 * sizeof(float), "x");
    device.copy_to_device(x.data(), values.data(), x.bytes());
    auto* floats = reinterpret_cast<float*>(x.data());
    const float* srcs[] = {floats};
    cudaSetDevice(0);
    memory.sum(floats, srcs, 3);
    cudaSetDevice(0);
    expect_error(ExitCode::internal, {"invalid resource handle"},
                 [&] { sum(srcs, 3, floats, static_cast<cudaStream_t>(memory.stream())); });
  }
  emulator::device_state() = {};
}

}  // namespace
}  // namespace alexnet::test
