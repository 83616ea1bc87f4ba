// spatial_norm: normalisation over the neighbouring pixels of the same map.
#include "model/layers.hpp"

namespace alexnet {
namespace {

class SpatialNormLayer final : public Layer {
 public:
  SpatialNormLayer(const LayerConfig& config, const LayerContext& context, const SpatialNormShape& shape)
      : Layer(config, context, context.src), shape_(shape) {}

  std::string explain() const override {
    return fmt::format("dst = src / ({} + {} * sum of src^2 over {} x {} pixels of the same map)^{}\n", config_.k, shape_.alpha,
                       shape_.size, shape_.size, config_.beta);
  }
  bool backward_uses_src() const override { return true; }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    shape_.N = batch_size;
    shape_.type = types.dst;
    op_ = backend.make_spatial_norm(shape_);
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.src, pass.diff_dst, pass.diff_src);
  }

 private:
  SpatialNormShape shape_;
  std::unique_ptr<SpatialNorm> op_;
};

}  // namespace

std::unique_ptr<Layer> make_spatial_norm_layer(const LayerConfig& config, const LayerContext& context) {
  const auto shape = SpatialNormShape::infer(config.name, 1, context.src, config.size, static_cast<float>(config.k),
                                             norm_alpha(config, config.size * config.size), static_cast<float>(config.beta));
  return std::make_unique<SpatialNormLayer>(config, context, shape);
}

}  // namespace alexnet
