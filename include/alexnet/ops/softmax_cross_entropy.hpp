// Softmax over the classes, its cross-entropy against the label, and error counts.
//
// logits, probabilities (N, classes) f32; labels (N) i32. Only the first step->valid_images images count; the rest is padding.
#pragma once

#include <span>

#include "alexnet/core/step_parameters.hpp"
#include "alexnet/ops/op.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

class SoftmaxCrossEntropy : public Op {
 public:
  // probabilities may be logits. Adds the images' losses, and their errors, to *totals (in the backend's memory): top-k is an error
  // when k or more other classes have a larger logit; at equal logits the lower class index is ranked first.
  // An image with a logit that is not finite: a top-1 and a top-5 error, loss and probabilities NaN, and finite = 0.
  virtual void forward(const StepParameters* step, const Tensor& logits, const Tensor& labels, const Tensor& probabilities,
                       LossTotals* totals) = 0;
  // diff_logits = (probabilities - one_hot(label)) / loss_images; 0 in padding. diff_logits may be probabilities.
  virtual void backward_data(const StepParameters* step, const Tensor& probabilities, const Tensor& labels, const Tensor& diff_logits) = 0;
};

// Throws Error(internal) when a tensor does not hold N rows (logits and probabilities may have any rank).
void check_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes, const Tensor& logits, const Tensor& labels,
                                 const Tensor& probabilities);
// Error(internal) when valid_images is not 0 to N or loss_images is smaller, and Error(bad_data) when a label is not 0 to num_classes - 1;
// before they go to the device, where no op looks at them again.
void check_valid_images(std::int64_t N, const StepParameters& step);
void check_labels(std::int64_t num_classes, std::span<const std::int32_t> labels);

}  // namespace alexnet
