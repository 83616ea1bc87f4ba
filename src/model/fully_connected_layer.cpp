// fully_connected: every output sees every activation of its column (`sees: own`) or of all, and a ReLU behind it when there is one.
#include "model/layers.hpp"

namespace alexnet {
namespace {

class FullyConnectedLayer final : public Layer {
 public:
  FullyConnectedLayer(const LayerConfig& config, const LayerContext& context, const FullyConnectedShape& shape)
      : Layer(config, context, shape.dst()), shape_(shape) {}

  std::vector<ParameterSpec> parameters() const override {
    const std::int64_t inputs = shape_.IC / shape_.groups;
    return weights_and_bias(config_, {shape_.OC, shape_.IH, shape_.IW, inputs}, {shape_.OC, inputs * shape_.IH * shape_.IW});
  }
  std::int64_t macs() const override { return shape_.num_weights(); }
  bool mixes_columns() const override { return shape_.groups == 1 && context_.columns > 1; }
  std::string explain() const override {
    const auto& s = shape_;
    return fmt::format("inputs  {} x {} x {} = {}{}\nweights {} x {} = {}\nbias    {}\nMACs    {}\n", s.IH, s.IW, s.IC, s.num_inputs(),
                       s.groups > 1 ? fmt::format(" ({} of one of {} columns)", s.num_inputs() / s.groups, s.groups) : "", s.OC,
                       s.num_inputs() / s.groups, s.num_weights(), s.OC, macs());
  }

  bool backward_uses_src() const override { return true; }
  bool backward_uses_dst() const override { return epilogue_ == Epilogue::relu; }

  bool fuse(const Layer& next) override {
    if (!is_relu(next)) return false;
    epilogue_ = Epilogue::relu;
    return true;
  }
  void make_op(Backend& backend, std::int64_t batch_size) override {
    shape_.N = batch_size;
    op_ = backend.make_fully_connected(shape_, epilogue_);
    if (epilogue_ == Epilogue::relu) relu_ = backend.make_activation(ActivationKind::relu, {shape_.N, 1, 1, shape_.OC});
  }
  std::vector<Op*> ops() override {
    if (relu_) return {op_.get(), relu_.get()};
    return {op_.get()};
  }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.parameters->at(0), pass.parameters->at(1), pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (relu_) relu_->backward_data(pass.dst, pass.diff_dst, pass.diff_dst);
    if (pass.diff_parameters != nullptr)
      op_->backward_weights(pass.src, pass.diff_dst, pass.diff_parameters->at(0), pass.diff_parameters->at(1));
    if (!pass.diff_src.empty()) op_->backward_data(pass.diff_dst, pass.parameters->at(0), pass.diff_src);
  }

 private:
  FullyConnectedShape shape_;
  Epilogue epilogue_ = Epilogue::none;
  std::unique_ptr<FullyConnected> op_;
  std::unique_ptr<Activation> relu_;  // the epilogue's backward pass
};

}  // namespace

std::unique_ptr<Layer> make_fully_connected_layer(const LayerConfig& config, const LayerContext& context) {
  LayerConfig resolved = config;
  if (config.num_output_is_classes) resolved.num_output = context.num_classes;
  const auto shape = FullyConnectedShape::infer(config.name, 1, context.src, resolved.num_output, num_groups(config, context));
  return std::make_unique<FullyConnectedLayer>(resolved, context, shape);
}

}  // namespace alexnet
