#include "model/exchange_layers.hpp"

#include <algorithm>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

// Copies between the tensors of one exchange: N images of `pixels`.
class Copies {
 public:
  Copies(Backend& backend, std::int64_t N, std::int64_t pixels) : backend_(backend), N_(N), pixels_(pixels) {}
  struct End {
    std::int64_t C, first;
    DType type;
  };
  std::unique_ptr<CopyChannels> make(std::int64_t channels, End src, End dst, bool zero_rest = false) const {
    return backend_.make_copy_channels({N_, pixels_, channels, src.C, src.first, dst.C, dst.first, zero_rest, src.type, dst.type});
  }

 private:
  Backend& backend_;
  std::int64_t N_, pixels_;
};

// Parts have the extents of the largest share; what a smaller one lacks is sent as zeros.
class Gather final : public Op {
 public:
  Gather(Backend& backend, std::int64_t N, Extent3 all, const ColumnShare& share, DType type, GatheredGradient gradient)
      : backend_(backend),
        share_(share),
        type_(type),
        gradient_(gradient),
        N_(N),
        pixels_(all.H * all.W),
        own_(own_channels(all.C, share)) {
    part_C_ = own_channels(all.C, {0, share.count}).count;
    const Copies copies(backend, N, pixels_);
    const bool is_padded = own_.count < part_C_;
    if (is_padded) pack_ = copies.make(own_.count, {own_.count, 0, type}, {part_C_, 0, type}, true);
    for (int i = 0; i < share.count; ++i) {
      const ChannelRange range = own_channels(all.C, {i, share.count});
      from_part_.push_back(copies.make(range.count, {part_C_, 0, type}, {all.C, range.first, type}));
      if (gradient == GatheredGradient::whole) continue;
      to_part_.push_back(copies.make(range.count, {all.C, range.first, type}, {part_C_, 0, DType::f32}, true));
    }
    if (gradient == GatheredGradient::whole) {
      own_part_ = copies.make(own_.count, {all.C, own_.first, type}, {own_.count, 0, type});
    } else if (is_padded || type != DType::f32) {
      unpack_ = copies.make(own_.count, {part_C_, 0, DType::f32}, {own_.count, 0, type});
    }
  }

  std::size_t scratch_bytes() const override {
    const auto parts = static_cast<std::size_t>(share_.count);
    const std::size_t forward = (parts + (pack_ ? 1 : 0)) * aligned_part_bytes(type_);
    const std::size_t backward = gradient_ == GatheredGradient::whole ? 0 : (parts + (unpack_ ? 1 : 0)) * aligned_part_bytes(DType::f32);
    return std::max(forward, backward);
  }

  void forward(const Tensor& src, const Tensor& dst) {
    std::byte *const received = scratch_, *const packed = scratch_ + share_.count * aligned_part_bytes(type_);
    if (pack_) pack_->forward(src, part(packed, type_));
    backend_.synchronize();
    communicator().all_gather(pack_ ? packed : src.raw(), received, part_bytes(type_));
    for (std::size_t i = 0; i < from_part_.size(); ++i) from_part_[i]->forward(part(received + i * part_bytes(type_), type_), dst);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& diff_src) {
    if (gradient_ == GatheredGradient::whole) return own_part_->forward(diff_dst, diff_src);
    const DType f32 = DType::f32;
    std::byte *const sent = scratch_, *const sum = scratch_ + share_.count * aligned_part_bytes(f32);
    for (std::size_t i = 0; i < to_part_.size(); ++i) to_part_[i]->forward(diff_dst, part(sent + i * part_bytes(f32), f32));
    backend_.synchronize();
    communicator().reduce_scatter_sum(reinterpret_cast<const float*>(sent),
                                      unpack_ ? reinterpret_cast<float*>(sum) : diff_src.data<float>(),
                                      static_cast<std::size_t>(part_values()));
    if (unpack_) unpack_->forward(part(sum, f32), diff_src);
  }

 private:
  std::int64_t part_values() const { return N_ * pixels_ * part_C_; }
  std::size_t part_bytes(DType type) const { return static_cast<std::size_t>(part_values()) * dtype_bytes(type); }
  std::size_t aligned_part_bytes(DType type) const { return aligned_bytes(part_bytes(type)); }
  Tensor part(std::byte* memory, DType type) const { return {memory, {N_, pixels_, part_C_}, type}; }
  Communicator& communicator() const {
    if (share_.communicator == nullptr) fail(ExitCode::internal, "a network of {} devices runs without a communicator", share_.count);
    return *share_.communicator;
  }

  Backend& backend_;
  ColumnShare share_;
  DType type_;
  GatheredGradient gradient_;
  std::int64_t N_, pixels_, part_C_ = 0;
  ChannelRange own_;
  std::unique_ptr<CopyChannels> pack_, own_part_, unpack_;          // nullptr: not needed
  std::vector<std::unique_ptr<CopyChannels>> from_part_, to_part_;  // by device
};

LayerConfig named(const std::string& name, const char* type) {
  LayerConfig config;
  config.name = name + "." + type;
  config.type = type;
  return config;
}

Extent3 own_extent(Extent3 all, const ColumnShare& share) { return {all.H, all.W, own_channels(all.C, share).count}; }

LayerContext context_of(Extent3 src, const ColumnShare& share) {
  LayerContext context;
  context.slot = -1;  // no layer of the chain
  context.src = src;
  context.share = share;
  return context;
}

class GatherLayer final : public Layer {
 public:
  GatherLayer(const std::string& name, Extent3 all, const ColumnShare& share, GatheredGradient gradient)
      : Layer(named(name, "gather"), context_of(own_extent(all, share), share), all), gradient_(gradient) {}

  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    op_ = std::make_unique<Gather>(backend, batch_size, dst_, context_.share, types.dst, gradient_);
  }
  std::vector<Op*> ops() override { return {op_.get()}; }
  void forward(const ForwardPass& pass) override { op_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) op_->backward_data(pass.diff_dst, pass.diff_src);
  }

 private:
  GatheredGradient gradient_;
  std::unique_ptr<Gather> op_;
};

class SliceLayer final : public Layer {
 public:
  SliceLayer(const std::string& name, Extent3 all, const ColumnShare& share)
      : Layer(named(name, "slice"), context_of(all, share), own_extent(all, share)) {}

  void make_op(Backend& backend, std::int64_t batch_size, ActivationTypes types) override {
    const ChannelRange own = own_channels(context_.src.C, context_.share);
    const Copies copies(backend, batch_size, dst_.H * dst_.W);
    const Copies::End all_channels{own.total, own.first, types.dst}, own_channels{own.count, 0, types.dst};
    take_ = copies.make(own.count, all_channels, own_channels);
    put_back_ = copies.make(own.count, own_channels, all_channels, true);
  }
  std::vector<Op*> ops() override { return {take_.get(), put_back_.get()}; }
  void forward(const ForwardPass& pass) override { take_->forward(pass.src, pass.dst); }
  void backward(const BackwardPass& pass) override {
    if (!pass.diff_src.empty()) put_back_->forward(pass.diff_dst, pass.diff_src);
  }

 private:
  std::unique_ptr<CopyChannels> take_, put_back_;
};

}  // namespace

Exchange make_gather(std::size_t before, const std::string& reader, Extent3 all, const ColumnShare& share, GatheredGradient gradient) {
  const std::int64_t sent = all.H * all.W * own_channels(all.C, {0, share.count}).count * (share.count - 1);
  return {before, std::make_unique<GatherLayer>(reader, all, share, gradient), sent, gradient == GatheredGradient::partial ? sent : 0};
}

Exchange make_slice(std::size_t before, const std::string& writer, Extent3 all, const ColumnShare& share) {
  return {before, std::make_unique<SliceLayer>(writer, all, share), 0, 0};
}

}  // namespace alexnet
