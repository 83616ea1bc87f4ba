// lrn: local response normalisation across channels, inside a column or over all maps.
#include "model/layers.hpp"

namespace alexnet {
namespace {

class LrnLayer final : public Layer {
 public:
  LrnLayer(const LayerConfig& config, const LayerContext& context, const LrnShape& shape)
      : Layer(config, context, context.src), shape_(shape) {}

  bool mixes_columns() const override { return sees_all_columns(config_, context_); }
  std::string explain() const override {
    return fmt::format("dst = src / ({} + {} * sum of src^2 over {} neighbouring maps{})^{}\n       the factor is alpha = {}{}\n",
                       config_.k, shape_.alpha, shape_.size, shape_.groups > 1 ? " of the same column" : "", config_.beta, config_.alpha,
                       config_.reduction == "mean" ? fmt::format(" divided by {} (reduction: mean)", shape_.size) : " (reduction: sum)");
  }
  bool backward_uses_src() const override { return true; }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    shape_.N = batch_size;
    shape_.type = types.dst;
    op_ = backend.make_lrn(shape_);
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.src, pass.diff_dst, pass.diff_src);
  }

 private:
  LrnShape shape_;
  std::unique_ptr<Lrn> op_;
};

}  // namespace

std::unique_ptr<Layer> make_lrn_layer(const LayerConfig& config, const LayerContext& context) {
  const auto shape = LrnShape::infer(config.name, 1, context.src, num_groups(config, context), config.size, static_cast<float>(config.k),
                                     norm_alpha(config, config.size), static_cast<float>(config.beta));
  return std::make_unique<LrnLayer>(config, context, shape);
}

}  // namespace alexnet
