// What conv2d and fully_connected on oneDNN have in common: three passes over weights. With bf16 activations the weights are rounded to
// bf16 where they are reordered, the primitives add up in f32, and the gradients of weights and bias come out as f32.
//
// Where forward and backward_data read them in the same order, the rounded weights stay in the workspace from the one to the other: they
// are those of the same step, written by every forward pass that a backward pass can follow.
//
// Where dst is f32 and src bf16 (the logits), a backward pass first rounds diff_dst to bf16, which is what oneDNN reads:
// scratch is [diff_dst in bf16 | what the pass needs].
#pragma once

#include <algorithm>

#include "ops/onednn_common.hpp"

namespace alexnet::onednn {

template <class OpType, class ShapeType>
class WeightedOnednn : public OpType {
 public:
  explicit WeightedOnednn(const ShapeType& shape) : shape_(shape) {}

  std::size_t scratch_bytes() const override {
    const std::size_t of_pass = std::max({forward_.scratch_bytes(), backward_data_.scratch_bytes(), backward_weights_.scratch_bytes()});
    return rounded_bytes_ + std::max(of_pass, rounding_.scratchpad_bytes());
  }

  std::size_t workspace_bytes() const override { return keeps_weights_ ? forward_.chosen_bytes() : 0; }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(shape_, src, weights, bias, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_BIAS, bias.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(weights.raw(), this->scratch_, kept_weights());
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(shape_, diff_dst, weights, diff_src);
    backward_data_.set(DNNL_ARG_DIFF_DST, rounded(diff_dst));
    backward_data_.set(DNNL_ARG_DIFF_SRC, diff_src.raw());
    if (kept_weights() != nullptr) {
      backward_data_.run_kept(kept_weights(), scratch_of_pass());
    } else {
      backward_data_.run(weights.raw(), scratch_of_pass());
    }
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(shape_, src, diff_dst, diff_weights, diff_bias);
    backward_weights_.set(DNNL_ARG_SRC, src.raw());
    backward_weights_.set(DNNL_ARG_DIFF_DST, rounded(diff_dst));
    backward_weights_.set(DNNL_ARG_DIFF_BIAS, diff_bias.raw());
    backward_weights_.run(diff_weights.raw(), scratch_of_pass());
  }

 protected:
  // dst, read_diff_dst: of the tensors, and of what the backward passes read.
  void round_diff_dst(const std::string& what, const memory::desc& dst, const memory::desc& read_diff_dst) {
    if (dst == read_diff_dst) return;
    const dnnl::reorder::primitive_desc pd(engine(), dst, engine(), read_diff_dst, attributes());
    rounding_ = Call(what + " (rounding of diff_dst)", dnnl::reorder(pd), pd.scratchpad_desc(),
                     {{DNNL_ARG_FROM, dst}, {DNNL_ARG_TO, read_diff_dst}});
    rounded_bytes_ = aligned_bytes(read_diff_dst.get_size());
  }

  ShapeType shape_;
  WeightsPass forward_, backward_data_, backward_weights_;
  bool keeps_weights_ = false;  // forward_ and backward_data_ read them in the same order

 private:
  std::byte* kept_weights() const { return keeps_weights_ && forward_.reorders() ? this->workspace_ : nullptr; }
  std::byte* scratch_of_pass() const { return this->scratch_ + rounded_bytes_; }

  const void* rounded(const Tensor& diff_dst) {
    if (rounded_bytes_ == 0) return diff_dst.raw();
    rounding_.set(DNNL_ARG_FROM, diff_dst.raw());
    rounding_.set(DNNL_ARG_TO, this->scratch_);
    rounding_.run(scratch_of_pass());
    return this->scratch_;
  }

  Call rounding_;
  std::size_t rounded_bytes_ = 0;  // 0: diff_dst is read as it is
};

}  // namespace alexnet::onednn
