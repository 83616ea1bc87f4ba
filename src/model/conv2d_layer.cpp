// conv2d: convolution with bias, in as many groups as columns that it keeps apart, and a ReLU behind it when there is one.
#include "model/layers.hpp"

namespace alexnet {
namespace {

class Conv2dLayer final : public Layer {
 public:
  Conv2dLayer(const LayerConfig& config, const LayerContext& context, const Conv2dShape& shape)
      : Layer(config, context, shape.dst()), shape_(shape) {}

  std::vector<ParameterSpec> parameters() const override {
    const std::int64_t inputs = shape_.IC / shape_.groups;
    return weights_and_bias(config_, {shape_.OC, shape_.KH, shape_.KW, inputs}, {shape_.OC, inputs, shape_.KH, shape_.KW});
  }
  std::int64_t macs() const override { return shape_.macs_per_image(); }
  bool mixes_columns() const override { return shape_.groups == 1 && context_.columns > 1 && slot() > 0; }
  std::string explain() const override {
    const auto& s = shape_;
    return fmt::format(
        "height  {}\nwidth   {}\nweights {} x {} x {} x {} = {}   (outputs x rows x columns x inputs{})\nbias    {}\n"
        "MACs    {} x {} positions x {} weights = {}\n",
        explain_extent(s.IH, s.pad.top, s.pad.bottom, s.KH, s.SH, s.OH), explain_extent(s.IW, s.pad.left, s.pad.right, s.KW, s.SW, s.OW),
        s.OC, s.KH, s.KW, s.IC / s.groups, s.num_weights(), s.groups > 1 ? fmt::format(" of one of {} columns", s.groups) : "", s.OC, s.OH,
        s.OW, s.num_weights(), macs());
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
    op_ = backend.make_conv2d(shape_, epilogue_);
    if (epilogue_ == Epilogue::relu) relu_ = backend.make_activation(ActivationKind::relu, {shape_.N, shape_.OH, shape_.OW, shape_.OC});
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
  Conv2dShape shape_;
  Epilogue epilogue_ = Epilogue::none;
  std::unique_ptr<Conv2d> op_;
  std::unique_ptr<Activation> relu_;  // the epilogue's backward pass
};

}  // namespace

std::unique_ptr<Layer> make_conv2d_layer(const LayerConfig& config, const LayerContext& context) {
  const auto shape = Conv2dShape::infer(config.name, 1, context.src, config.num_output, config.kernel_size, config.stride, config.pad,
                                        num_groups(config, context));
  return std::make_unique<Conv2dLayer>(config, context, shape);
}

}  // namespace alexnet
