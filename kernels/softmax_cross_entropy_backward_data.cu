// diff_logits[n,c] = (probabilities[n,c] - (c == labels[n] ? 1 : 0)) / loss_images for the first valid_images images, 0 for the others,
// which are padding and whose labels are not looked at. Overwrites diff_logits (N, num_classes), which may be probabilities.
#include "kernels/common/launch.hpp"
#include "kernels/softmax_cross_entropy.hpp"

namespace alexnet {
namespace {

constexpr unsigned kThreads = 256;

// A block makes the row of one image, a thread every 256th class of it.
__global__ void __launch_bounds__(kThreads)
    softmax_cross_entropy_backward_data_kernel(SoftmaxShape shape, const StepParameters* step, const float* probabilities,
                                               const std::int32_t* labels, float* diff_logits) {
  const std::int64_t n = blockIdx.x, at = n * shape.num_classes;
  const auto images = static_cast<float>(step->loss_images);
  const bool counts = n < step->valid_images;
  const std::int32_t label = counts ? labels[n] : 0;
  for (std::int64_t c = threadIdx.x; c < shape.num_classes; c += kThreads) {
    const float difference = probabilities[at + c] - (c == label ? 1.0F : 0.0F);
    diff_logits[at + c] = counts ? difference / images : 0.0F;
  }
}

}  // namespace

void softmax_cross_entropy_backward_data(const SoftmaxShape& shape, const StepParameters* step, const float* probabilities,
                                         const std::int32_t* labels, float* diff_logits, CudaStream stream) {
  launch(softmax_cross_entropy_backward_data_kernel, blocks_for(shape.N, 1), kThreads, 0, stream, shape, step, probabilities, labels,
         diff_logits);
}

}  // namespace alexnet
