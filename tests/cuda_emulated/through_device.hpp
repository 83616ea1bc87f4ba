// A communicator for values of the host that takes them through the memory of a device to one that is for such memory.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "alexnet/comm/communicator.hpp"
#include "ops/device_cuda.hpp"

namespace alexnet::test {

class ThroughDevice : public Communicator {
 public:
  ThroughDevice(std::unique_ptr<Communicator> inner, DeviceCuda& device) : inner_(std::move(inner)), device_(device) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::string description() const override { return inner_->description(); }
  double time_limit_s() const override { return inner_->time_limit_s(); }
  void all_gather(const void* src, void* dst, std::size_t bytes) override {
    const Buffer a = sent(src, bytes), b = device_.allocate(bytes * num_ranks(), "all");
    inner_->all_gather(a.data(), b.data(), bytes);
    fetch(dst, b);
  }
  void reduce_scatter_sum(const float* src, float* dst, std::size_t count) override {
    const Buffer a = sent(src, count * num_ranks() * sizeof(float)), b = device_.allocate(count * sizeof(float), "part");
    inner_->reduce_scatter_sum(reinterpret_cast<const float*>(a.data()), reinterpret_cast<float*>(b.data()), count);
    fetch(dst, b);
  }
  void all_reduce_sum(float* values, std::size_t count) override {
    const Buffer a = sent(values, count * sizeof(float));
    inner_->all_reduce_sum(reinterpret_cast<float*>(a.data()), count);
    fetch(values, a);
  }
  void broadcast(void* values, std::size_t bytes, int root) override {
    const Buffer a = sent(values, bytes);
    inner_->broadcast(a.data(), bytes, root);
    fetch(values, a);
  }
  void barrier() override { inner_->barrier(); }
  std::unique_ptr<Communicator> split(int color) override { return std::make_unique<ThroughDevice>(inner_->split(color), device_); }
  void abort(ExitCode code, const std::string& reason) noexcept override { inner_->abort(code, reason); }
  void throw_if_aborted() override { inner_->throw_if_aborted(); }
  Traffic traffic() const override { return inner_->traffic(); }

 private:
  std::size_t num_ranks() const { return static_cast<std::size_t>(size()); }
  Buffer sent(const void* src, std::size_t bytes) {
    Buffer buffer = device_.allocate(bytes, "values");
    if (bytes > 0) device_.copy_to_device(buffer.data(), src, bytes);
    return buffer;
  }
  void fetch(void* dst, const Buffer& src) const {
    if (src.bytes() > 0) device_.copy_to_host(dst, src.data(), src.bytes());
  }

  std::unique_ptr<Communicator> inner_;
  DeviceCuda& device_;
};

}  // namespace alexnet::test
