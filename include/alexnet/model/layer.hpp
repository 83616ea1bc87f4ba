// A layer: parameters plus one op. It knows its shapes from the moment it is made (for summary and checkpoints) and gets its op when
// the graph is compiled for a backend and a batch size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/model/column_share.hpp"
#include "alexnet/ops/backend.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

// A weight or bias tensor of a layer.
struct ParameterSpec {
  std::string name;   // "conv1.weight", "conv1.bias": PyTorch's
  Shape shape;        // in memory, of the whole tensor: OHWI for weights, (OC) for a bias
  Shape file_shape;   // in checkpoints, likewise: OIHW of a convolution, (O, C*H*W) of a fully connected layer
  ChannelRange rows;  // the outermost indices (output channels) that this device holds; all, unless columns lie over several
  bool is_bias = false;
  ParameterConfig config;
  Shape own_shape() const;  // of what the device holds
};

// Where a layer stands in the chain.
struct LayerContext {
  int slot = 0;  // position in the chain: index into Network::layers and StepParameters
  Extent3 src;   // of one image, as the layer reads it on this device: all channels, or the device's own
  std::int64_t columns = 1;
  std::int64_t num_classes = 0;
  ChannelRange src_channels;  // src's among all
  ColumnShare share;
};

struct ForwardPass {
  const StepParameters* step;  // in the backend's memory
  bool training;
  Tensor src, dst;
  const std::vector<Tensor>* parameters;  // in the order of Layer::parameters()
};

struct BackwardPass {
  const StepParameters* step;
  Tensor src, dst;            // as they were after forward; valid only if the layer asked for them
  Tensor diff_dst, diff_src;  // diff_src empty: nobody needs it; diff_dst may be overwritten
  const std::vector<Tensor>* parameters;
  const std::vector<Tensor>* diff_parameters;  // nullptr: frozen, compute no gradients
};

// How a layer's activations are stored, and so their gradients. The two differ in a layer with parameters alone.
struct ActivationTypes {
  DType src = DType::f32, dst = DType::f32;
};

class Layer {
 public:
  Layer(LayerConfig config, const LayerContext& context, Extent3 dst) : config_(std::move(config)), context_(context), dst_(dst) {}
  virtual ~Layer() = default;

  const std::string& name() const { return config_.name; }
  const LayerConfig& config() const { return config_; }
  int slot() const { return context_.slot; }
  Extent3 src() const { return context_.src; }
  Extent3 dst() const { return dst_; }

  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  virtual std::int64_t macs() const { return 0; }       // multiply-accumulates of one image's forward pass
  virtual bool mixes_columns() const { return false; }  // reads the other column's activations
  virtual std::string explain() const { return {}; }    // the arithmetic of its shape, for people

  // For the memory planner.
  virtual bool can_run_in_place() const { return false; }  // dst may share src's memory, diff_src diff_dst's
  virtual bool backward_uses_src() const { return false; }
  virtual bool backward_uses_dst() const { return false; }

  // Offers to compute the next layer as an epilogue of this one; true: taken, the next layer disappears. Called before make_op.
  virtual bool fuse(const Layer& next) {
    (void)next;
    return false;
  }

  virtual void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) = 0;
  virtual std::vector<Op*> ops() = 0;
  virtual void forward(const ForwardPass& pass) = 0;
  virtual void backward(const BackwardPass& pass) = 0;

 protected:
  LayerConfig config_;
  LayerContext context_;
  Extent3 dst_;
};

// The layer of a config. Throws Error(configuration) for shapes that do not fit.
std::unique_ptr<Layer> make_layer(const LayerConfig& config, const LayerContext& context);

}  // namespace alexnet
