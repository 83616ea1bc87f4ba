#include "alexnet/ops/softmax_cross_entropy.hpp"

#include "alexnet/core/error.hpp"
#include "ops/checks.hpp"

namespace alexnet {

void check_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes, const Tensor& logits, const Tensor& labels,
                                 const Tensor& probabilities) {
  check_rows("softmax_cross_entropy: logits", logits, N, num_classes, DType::f32);
  check_rows("softmax_cross_entropy: labels", labels, N, 1, DType::i32);
  check_rows("softmax_cross_entropy: probabilities", probabilities, N, num_classes, DType::f32);
}

void check_valid_images(std::int64_t N, const StepParameters& step) {
  if (step.valid_images < 0 || step.valid_images > N) {
    fail(ExitCode::internal, "softmax_cross_entropy: {} valid images in a batch of {}", step.valid_images, N);
  }
  if (step.loss_images < step.valid_images) {
    fail(ExitCode::internal, "softmax_cross_entropy: {} valid images in a step of {}", step.valid_images, step.loss_images);
  }
}

void check_labels(std::int64_t num_classes, std::span<const std::int32_t> labels) {
  for (std::size_t n = 0; n < labels.size(); ++n) {
    if (labels[n] < 0 || labels[n] >= num_classes) {
      fail(ExitCode::bad_data,
           "picture {} of the batch has label {}, but the network has {} classes (labels 0 to {}): the data set does not "
           "fit the network",
           n, labels[n], num_classes, num_classes - 1);
    }
  }
}

}  // namespace alexnet
