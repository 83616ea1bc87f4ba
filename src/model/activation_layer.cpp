// Activations: pointwise, in place. A relu right behind a conv2d or fully_connected is fused into it (weighted_layer.hpp).
#include "model/layers.hpp"

namespace alexnet {
namespace {

class ActivationLayer final : public Layer {
 public:
  ActivationLayer(const LayerConfig& config, const LayerContext& context) : Layer(config, context, context.src) {}

  bool can_run_in_place() const override { return true; }
  bool backward_uses_dst() const override { return true; }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    const ActivationFunction function{*activation_kind(config().type), static_cast<float>(config().negative_slope)};
    op_ = backend.make_activation(function, {batch_size, dst_.H, dst_.W, dst_.C}, types.dst);
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.dst, pass.diff_dst, pass.diff_src);
  }

 private:
  std::unique_ptr<Activation> op_;
};

}  // namespace

std::unique_ptr<Layer> make_activation_layer(const LayerConfig& config, const LayerContext& context) {
  return std::make_unique<ActivationLayer>(config, context);
}

}  // namespace alexnet
