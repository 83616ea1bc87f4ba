// The cuda backend with cuDNN's convolutions: a second opinion on our own, and what to fall back on where ours are slow.
#include "ops/backend_cuda.hpp"
#include "ops/conv2d_cudnn.hpp"
#include "ops/ops_cudnn.hpp"

namespace alexnet {
namespace {

class BackendCudnn final : public BackendCuda {
 public:
  explicit BackendCudnn(const BackendOptions& options)
      : BackendCuda(options.device_id, "cudnn"), cudnn_(open_cudnn(stream())), times_algorithms_(options.times_algorithms) {}

  std::string_view name() const override { return "cudnn"; }
  std::string description() const override { return BackendCuda::description() + ", cuDNN " + cudnn_->version(); }
  std::unique_ptr<Conv2d> make_conv2d(const Conv2dShape& shape, Epilogue epilogue, const OpUse& use) override {
    return make_conv2d_cudnn(shape, epilogue, use, {*this, cudnn_, stream(), times_algorithms_});
  }

 private:
  std::shared_ptr<const Cudnn> cudnn_;
  bool times_algorithms_;
};

}  // namespace

std::unique_ptr<Backend> make_backend_cudnn(const BackendOptions& options) { return std::make_unique<BackendCudnn>(options); }

}  // namespace alexnet
