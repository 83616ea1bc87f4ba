// conv2d: convolution with bias, in as many groups as columns that it keeps apart, and a ReLU behind it when there is one.
#include "model/layers.hpp"
#include "model/weighted_layer.hpp"

namespace alexnet {
namespace {

class Conv2dLayer final : public WeightedLayer<Conv2dShape, Conv2d> {
 public:
  using WeightedLayer::WeightedLayer;

  std::vector<ParameterSpec> parameters() const override {
    const std::int64_t inputs = shape_.IC / shape_.groups;
    return weights_and_bias(config_, rows_, {rows_.total, shape_.KH, shape_.KW, inputs}, {rows_.total, inputs, shape_.KH, shape_.KW});
  }
  std::int64_t macs() const override { return shape_.macs_per_image(); }
  bool mixes_columns() const override { return sees_all_columns(config_, context_) && slot() > 0; }
  std::string explain() const override {
    const auto& s = shape_;
    return fmt::format(
        "height  {}\nwidth   {}\nweights {} x {} x {} x {} = {}   (outputs x rows x columns x inputs{})\nbias    {}\n"
        "MACs    {} x {} positions x {} weights = {}\n",
        explain_extent(s.IH, s.pad.top, s.pad.bottom, s.KH, s.SH, s.OH), explain_extent(s.IW, s.pad.left, s.pad.right, s.KW, s.SW, s.OW),
        s.OC, s.KH, s.KW, s.IC / s.groups, s.num_weights(), s.groups > 1 ? fmt::format(" of one of {} columns", s.groups) : "", s.OC, s.OH,
        s.OW, s.num_weights(), macs());
  }
};

}  // namespace

std::unique_ptr<Layer> make_conv2d_layer(const LayerConfig& config, const LayerContext& context) {
  const ChannelRange rows = own_channels(config.num_output, context.share);
  const auto shape = Conv2dShape::infer(config.name, 1, context.src, rows.count, config.kernel_size, config.stride, config.pad,
                                        num_groups(config, context));
  return std::make_unique<Conv2dLayer>(config, context, shape, rows);
}

}  // namespace alexnet
