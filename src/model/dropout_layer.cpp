// dropout: in place; the mask is drawn again in the backward pass instead of being kept.
#include "model/layers.hpp"

namespace alexnet {
namespace {

class DropoutLayer final : public Layer {
 public:
  DropoutLayer(const LayerConfig& config, const LayerContext& context) : Layer(config, context, context.src) {}

  bool can_run_in_place() const override { return true; }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    const DropoutScale scale = config_.scale_at == "train" ? DropoutScale::train : DropoutScale::test;
    const ChannelRange& c = context_.src_channels;
    op_ = backend.make_dropout({batch_size, dst_.count(), slot(), scale, types.dst, c.count, c.first, c.total});
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override {
    if (pass.training) {
      op_->forward_train(pass.step, pass.src, pass.dst);
    } else {
      op_->forward_test(pass.step, pass.src, pass.dst);
    }
  }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.step, pass.diff_dst, pass.diff_src);
  }

 private:
  std::unique_ptr<Dropout> op_;
};

}  // namespace

std::unique_ptr<Layer> make_dropout_layer(const LayerConfig& config, const LayerContext& context) {
  return std::make_unique<DropoutLayer>(config, context);
}

}  // namespace alexnet
