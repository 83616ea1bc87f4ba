// A backend that passes everything on to the onednn backend on one thread, for tests that change one thing of it.
#pragma once

#include "alexnet/ops/backend.hpp"

namespace alexnet::test {

class ForwardingBackend : public Backend {
 public:
  std::string_view name() const override { return right_->name(); }
  std::string description() const override { return right_->description(); }
  void check_activation_type(DType type) override { right_->check_activation_type(type); }
  Buffer allocate(std::size_t bytes, const std::string& what) override { return right_->allocate(bytes, what); }
  std::optional<std::size_t> free_bytes() const override { return right_->free_bytes(); }
  void copy_to_device(void* dst, const void* src, std::size_t bytes) override { right_->copy_to_device(dst, src, bytes); }
  void copy_to_host(void* dst, const void* src, std::size_t bytes) override { right_->copy_to_host(dst, src, bytes); }
  void zero(void* dst, std::size_t bytes) override { right_->zero(dst, bytes); }
  void add(float* dst, const float* src, std::size_t count) override { right_->add(dst, src, count); }
  void synchronize() override { right_->synchronize(); }
  std::unique_ptr<Timer> make_timer() override { return right_->make_timer(); }
  std::unique_ptr<Input> make_input(const InputShape& s) override { return right_->make_input(s); }
  std::unique_ptr<Conv2d> make_conv2d(const Conv2dShape& s, Epilogue e, const OpUse& u) override { return right_->make_conv2d(s, e, u); }
  std::unique_ptr<FullyConnected> make_fully_connected(const FullyConnectedShape& s, Epilogue e) override {
    return right_->make_fully_connected(s, e);
  }
  std::unique_ptr<Activation> make_activation(const ActivationFunction& f, const Shape& s, DType t) override {
    return right_->make_activation(f, s, t);
  }
  std::unique_ptr<Lrn> make_lrn(const LrnShape& s) override { return right_->make_lrn(s); }
  std::unique_ptr<SpatialNorm> make_spatial_norm(const SpatialNormShape& s) override { return right_->make_spatial_norm(s); }
  std::unique_ptr<MaxPool> make_max_pool(const PoolShape& s) override { return right_->make_max_pool(s); }
  std::unique_ptr<AveragePool> make_average_pool(const PoolShape& s, bool p) override { return right_->make_average_pool(s, p); }
  std::unique_ptr<Dropout> make_dropout(const DropoutShape& s) override { return right_->make_dropout(s); }
  std::unique_ptr<CopyChannels> make_copy_channels(const CopyChannelsShape& s) override { return right_->make_copy_channels(s); }
  std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy(std::int64_t n, std::int64_t c) override {
    return right_->make_softmax_cross_entropy(n, c);
  }
  std::unique_ptr<TopK> make_top_k(std::int64_t n, std::int64_t c, std::int64_t k) override { return right_->make_top_k(n, c, k); }
  std::unique_ptr<Sgd> make_sgd(const SgdShape& s) override { return right_->make_sgd(s); }

 private:
  std::shared_ptr<Backend> right_ = make_backend("onednn", {1});
};

}  // namespace alexnet::test
