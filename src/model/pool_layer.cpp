// max_pool, average_pool.
#include "model/layers.hpp"

namespace alexnet {
namespace {

// The two kinds differ in the op they make.
template <class PoolOp, std::unique_ptr<PoolOp> (*kMakeOp)(Backend&, const PoolShape&, const LayerConfig&)>
class PoolLayer final : public Layer {
 public:
  PoolLayer(const LayerConfig& config, const LayerContext& context, const PoolShape& shape)
      : Layer(config, context, shape.dst()), shape_(shape) {}

  std::string explain() const override {
    const auto& s = shape_;
    return fmt::format("height  {}\nwidth   {}\n{}", explain_extent(s.IH, s.pad.top, s.pad.bottom, s.KH, s.SH, s.OH),
                       explain_extent(s.IW, s.pad.left, s.pad.right, s.KW, s.SW, s.OW),
                       s.SH < s.KH ? fmt::format("windows overlap by {} pixels\n", s.KH - s.SH) : "");
  }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    shape_.N = batch_size;
    shape_.type = types.dst;
    op_ = kMakeOp(backend, shape_, config_);
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.diff_dst, pass.diff_src);
  }

 private:
  PoolShape shape_;
  std::unique_ptr<PoolOp> op_;
};

std::unique_ptr<MaxPool> make_max_pool_op(Backend& backend, const PoolShape& shape, const LayerConfig&) {
  return backend.make_max_pool(shape);
}
std::unique_ptr<AveragePool> make_average_pool_op(Backend& backend, const PoolShape& shape, const LayerConfig& config) {
  return backend.make_average_pool(shape, config.count_pad);
}

PoolShape pool_shape(const LayerConfig& config, const LayerContext& context) {
  return PoolShape::infer(config.name, 1, context.src, config.kernel_size, config.stride, config.pad);
}

}  // namespace

std::unique_ptr<Layer> make_max_pool_layer(const LayerConfig& config, const LayerContext& context) {
  return std::make_unique<PoolLayer<MaxPool, make_max_pool_op>>(config, context, pool_shape(config, context));
}

std::unique_ptr<Layer> make_average_pool_layer(const LayerConfig& config, const LayerContext& context) {
  return std::make_unique<PoolLayer<AveragePool, make_average_pool_op>>(config, context, pool_shape(config, context));
}

}  // namespace alexnet
