#include "alexnet/ops/softmax_cross_entropy.hpp"

#include "alexnet/core/error.hpp"
#include "ops/checks.hpp"

namespace alexnet {

void check_softmax_cross_entropy(std::int64_t N, std::int64_t num_classes, const StepParameters& step, const Tensor& logits,
                                 const Tensor& labels, const Tensor& probabilities) {
  check_rows("softmax_cross_entropy: logits", logits, N, num_classes, DType::f32);
  check_rows("softmax_cross_entropy: labels", labels, N, 1, DType::i32);
  check_rows("softmax_cross_entropy: probabilities", probabilities, N, num_classes, DType::f32);
  if (step.valid_images < 0 || step.valid_images > N) {
    fail(ExitCode::internal, "softmax_cross_entropy: {} valid images in a batch of {}", step.valid_images, N);
  }
  const std::int32_t* label = labels.data<std::int32_t>();
  for (std::int32_t n = 0; n < step.valid_images; ++n) {
    if (label[n] < 0 || label[n] >= num_classes) {
      fail(ExitCode::bad_data,
           "picture {} of the batch has label {}, but the network has {} classes (labels 0 to {}): the data set does not "
           "fit the network",
           n, label[n], num_classes, num_classes - 1);
    }
  }
}

}  // namespace alexnet
