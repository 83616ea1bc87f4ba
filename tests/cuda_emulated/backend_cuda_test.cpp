// The cuda backend under the execution model: all of src/ops/*_cuda.cpp but cuBLASLt, on CUDA's functions of tests/emulator.
#include "alexnet/ops/backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alexnet/selftest/selftest.hpp"
#include "emulator/emulator.hpp"
#include "ops/ops_cuda.hpp"
#include "support/expect_error.hpp"

namespace alexnet::test {
namespace {

using testing::HasSubstr;

// A device with something missing, as long as it lives.
class ScopedDevice {
 public:
  explicit ScopedDevice(const emulator::DeviceState& state) { emulator::device_state() = state; }
  ~ScopedDevice() { emulator::device_state() = {}; }
  ScopedDevice(const ScopedDevice&) = delete;
  ScopedDevice& operator=(const ScopedDevice&) = delete;
};

TEST(BackendCuda, NamesTheDevice) {
  const auto backend = make_backend_cuda({});
  EXPECT_EQ(backend->name(), "cuda");
  EXPECT_THAT(backend->description(), HasSubstr("execution model (device 0, compute capability 8.0), CUDA 13.0"));
}

TEST(BackendCuda, SaysInOneLineWhyThereIsNoDevice) {
  const auto open = [] { make_backend_cuda({}); };
  {
    const ScopedDevice device({.driver_version = 0});
    expect_error(ExitCode::unavailable, {"backend cuda: no device (no NVIDIA driver is loaded)"}, open);
  }
  {
    const ScopedDevice device({.driver_version = 12020});
    expect_error(ExitCode::unavailable, {"no device (the driver supports CUDA 12.2, this program needs 13.0: update the driver)"}, open);
  }
  {
    const ScopedDevice device({.num_devices = 0});
    expect_error(ExitCode::unavailable, {"no device (the driver finds none; is CUDA_VISIBLE_DEVICES set?)"}, open);
  }
  {
    const ScopedDevice device({.has_code = false});
    expect_error(ExitCode::unavailable, {"holds no code for execution model", "-DCMAKE_CUDA_ARCHITECTURES=80", "no kernel image"}, open);
  }
  {
    const ScopedDevice device({.is_taken = true});
    expect_error(ExitCode::unavailable, {"backend cuda: execution model", "cannot be opened: ", "busy or unavailable"}, open);
  }
  expect_error(ExitCode::unavailable, {"no device 1: there is one, 0; choose others in device.ids, for two ranks on one device [0, 0]"},
               [] {
                 make_backend_cuda({0, 1});
               });
  const ScopedDevice device({.num_devices = 4});
  expect_error(ExitCode::unavailable, {"no device 7: there are 4, 0 to 3"}, [] { make_backend_cuda({0, 7}); });
}

TEST(BackendCuda, RefusesBf16) {
  const auto backend = make_backend_cuda({});
  EXPECT_NO_THROW(backend->check_activation_type(DType::f32));
  expect_error(ExitCode::unavailable, {"device.precision is bf16: the cuda backend computes in f32; set device.precision=f32"},
               [&] { backend->check_activation_type(DType::bf16); });
}

TEST(BackendCuda, CopiesOfEverySizeArriveWhole) {
  const auto backend = make_backend_cuda({});
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{65536}, std::size_t{65537}, std::size_t{8} << 20, (std::size_t{24} << 20) + 5}) {
    std::vector<std::uint8_t> sent(bytes), back(bytes);
    for (std::size_t i = 0; i < bytes; ++i) sent[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
    const Buffer buffer = backend->allocate(bytes, "test");
    backend->copy_to_device(buffer.data(), sent.data(), bytes);
    backend->copy_to_host(back.data(), buffer.data(), bytes);
    EXPECT_TRUE(sent == back) << bytes;
    backend->zero(buffer.data(), bytes);
    backend->copy_to_host(back.data(), buffer.data(), bytes);
    EXPECT_EQ(std::ranges::count(back, 0), static_cast<std::ptrdiff_t>(bytes));
  }
  EXPECT_EQ(backend->allocate(0, "nothing").data(), nullptr);
}

TEST(BackendCuda, SaysWhatMemoryWasFor) {
  const ScopedDevice device({.memory_bytes = 1 << 20});
  const auto backend = make_backend_cuda({});
  EXPECT_EQ(backend->free_bytes(), 1U << 20);
  const Buffer half = backend->allocate(1 << 19, "half of it");
  EXPECT_EQ(backend->free_bytes(), 1U << 19);
  expect_error(ExitCode::out_of_memory, {"activations: 1.00 GiB are not to be had on cuda device 0 (execution model)", "0.00 GiB are free"},
               [&] { backend->allocate(std::size_t{1} << 30, "activations"); });
}

TEST(BackendCuda, WhatCudaRefusesIsNamed) {
  const auto backend = make_backend_cuda({});
  std::uint8_t on_host[2] = {};
  expect_error(ExitCode::internal, {"cuda device 0 (execution model): copying to it: invalid argument"},
               [&] { backend->copy_to_device(on_host, on_host + 1, 1); });
}

TEST(BackendCuda, TimersRunForward) {
  const auto backend = make_backend_cuda({});
  const auto timer = backend->make_timer();
  timer->start();
  EXPECT_GE(timer->stop_s(), 0);
}

TEST(BackendCuda, RefusesWindowsWhoseWinnersDoNotFitAByte) {
  const auto backend = make_backend_cuda({});
  EXPECT_NO_THROW(backend->make_max_pool(PoolShape::infer("pool", 1, {20, 20, 1}, 16, 1, {})));
  expect_error(ExitCode::configuration, {"window of 17x17", "256 places", "device.backend=onednn"}, [&] {
    backend->make_max_pool(PoolShape::infer("pool", 1, {20, 20, 1}, 17, 1, {}));
  });
}

// The ops whose shapes in the selftest are small enough; test_kernels has the others' kernels.
TEST(BackendCuda, PassesTheSelftestOfItsSmallOps) {
  const std::shared_ptr<Backend> backend = make_backend_cuda({});
  for (const char* op : {"dropout", "copy_channels", "input", "softmax_cross_entropy", "top_k", "sgd", "exchange"}) {
    run_selftest(backend, op,
                 [&](const SelftestResult& result) { EXPECT_EQ(result.trouble, "") << op << " " << result.shape << " " << result.pass; });
  }
}

TEST(BackendCuda, TrainsAsOnednnDoes) {
  const std::shared_ptr<Backend> backend = make_backend_cuda({});
  int num_results = 0;
  run_selftest(backend, "training", [&](const SelftestResult& result) {
    EXPECT_EQ(result.trouble, "");
    ++num_results;
  });
  EXPECT_EQ(num_results, 1);
}

}  // namespace
}  // namespace alexnet::test
