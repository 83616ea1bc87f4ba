// What conv2d and fully_connected have in common: weights and bias, and a ReLU behind them as an epilogue when there is one.
#pragma once

#include "model/layers.hpp"

namespace alexnet {

template <class ShapeType, class OpType>
class WeightedLayer : public Layer {
 public:
  // rows: the outputs that this device computes, which `shape` counts alone.
  WeightedLayer(const LayerConfig& config, const LayerContext& context, const ShapeType& shape, const ChannelRange& rows)
      : Layer(config, context, shape.dst()), shape_(shape), rows_(rows) {}

  bool backward_uses_src() const override { return true; }
  bool backward_uses_dst() const override { return masks_; }

  bool fuse(const Layer& next) override {
    if (!is_relu(next)) return false;
    epilogue_ = Epilogue::relu;
    masks_ = true;
    return true;
  }
  bool can_leave_mask() const override { return masks_; }
  void leave_mask() override { masks_ = false; }
  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    shape_.N = batch_size;
    shape_.src_type = types.src;
    shape_.dst_type = types.dst;
    op_ = make_weighted_op(backend, shape_, epilogue_, op_use_);
    if (masks_) relu_ = backend.make_activation({ActivationKind::relu}, {batch_size, dst_.H, dst_.W, dst_.C}, types.dst);
  }
  std::vector<Op*> ops() override {
    if (relu_) return {op_.get(), relu_.get()};
    return {op_.get()};
  }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.parameters->at(0), pass.parameters->at(1), pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (relu_) relu_->backward_data(pass.dst, pass.diff_dst, pass.diff_dst);
    if (pass.diff_parameters != nullptr) {
      op_->backward_weights(pass.src, pass.diff_dst, pass.diff_parameters->at(0), pass.diff_parameters->at(1));
    }
    if (!pass.diff_src.empty()) op_->backward_data(pass.diff_dst, pass.parameters->at(0), pass.diff_src);
  }

 protected:
  ShapeType shape_;
  ChannelRange rows_;

 private:
  static std::unique_ptr<Conv2d> make_weighted_op(Backend& backend, const Conv2dShape& shape, Epilogue epilogue, const OpUse& use) {
    return backend.make_conv2d(shape, epilogue, use);
  }
  static std::unique_ptr<FullyConnected> make_weighted_op(Backend& backend, const FullyConnectedShape& shape, Epilogue epilogue,
                                                          const OpUse&) {
    return backend.make_fully_connected(shape, epilogue);
  }

  Epilogue epilogue_ = Epilogue::none;
  bool masks_ = false;  // the epilogue's backward pass is run here
  std::unique_ptr<OpType> op_;
  std::unique_ptr<Activation> relu_;  // the epilogue's backward pass
};

}  // namespace alexnet
